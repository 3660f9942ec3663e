-- CreateTable
CREATE TABLE "Rating" (
    "mediaId" INTEGER NOT NULL,
    "userId" INTEGER NOT NULL,
    "stars" SMALLINT NOT NULL,
    "comment" TEXT,
    "ratedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Rating_pkey" PRIMARY KEY ("mediaId","userId")
);

-- AlterTable
ALTER TABLE "Media" ADD COLUMN     "stars" DOUBLE PRECISION,
ADD COLUMN     "ratings" INTEGER NOT NULL DEFAULT 0;

-- AddForeignKey
ALTER TABLE "Rating" ADD CONSTRAINT "Rating_mediaId_fkey" FOREIGN KEY ("mediaId") REFERENCES "Media"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Rating" ADD CONSTRAINT "Rating_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Written by hand: the average lives on the media, kept by a trigger.
CREATE FUNCTION "refresh_stars"() RETURNS TRIGGER LANGUAGE plpgsql AS $refresh$
BEGIN
    UPDATE "Media" m
       SET ("stars", "ratings") = (SELECT avg(r."stars"), count(*) FROM "Rating" r WHERE r."mediaId" = m."id")
     WHERE m."id" = coalesce(NEW."mediaId", OLD."mediaId");
    RETURN NULL;
END;
$refresh$;

CREATE TRIGGER "Rating_refresh_stars"
    AFTER INSERT OR UPDATE OR DELETE ON "Rating"
    FOR EACH ROW EXECUTE FUNCTION "refresh_stars"();
