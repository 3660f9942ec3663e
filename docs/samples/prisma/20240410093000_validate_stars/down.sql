-- Back to a constraint that only new rows are checked against.
ALTER TABLE "Rating" DROP CONSTRAINT "Rating_stars_check";
ALTER TABLE "Rating" ADD CONSTRAINT "Rating_stars_check" CHECK ("stars" BETWEEN 1 AND 5) NOT VALID;
