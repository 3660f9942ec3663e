-- a; comment
SELECT 1; -- after; it
SELECT 2 -- inside;
, 3;
--
--;SELECT 4; --last