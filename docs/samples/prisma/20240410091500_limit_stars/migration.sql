-- New rows are checked from now on, old ones by the next migration.
ALTER TABLE "Rating" ADD CONSTRAINT "Rating_stars_check" CHECK ("stars" BETWEEN 1 AND 5) NOT VALID;
