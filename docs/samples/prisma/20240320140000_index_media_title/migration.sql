-- Alone in its file: Prisma sends a file as one message, and PostgreSQL builds no index concurrently beside other statements.
CREATE INDEX CONCURRENTLY "Media_title_idx" ON "Media"(lower("title"));
