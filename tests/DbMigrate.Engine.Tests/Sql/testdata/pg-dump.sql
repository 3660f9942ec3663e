--
-- PostgreSQL database dump
--

SET statement_timeout = 0;
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);

CREATE TABLE public.t (
    id bigint NOT NULL,
    note text DEFAULT 'a;b'::text
);

ALTER TABLE ONLY public.t
    ADD CONSTRAINT t_pkey PRIMARY KEY (id);

CREATE INDEX t_note ON public.t USING btree (note) WHERE (note <> ''::text);
