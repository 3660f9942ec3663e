-- CreateTable
CREATE TABLE "Part" (
    "id" SERIAL NOT NULL,
    "mediaId" INTEGER NOT NULL,
    "volume" INTEGER NOT NULL DEFAULT 1,
    "number" INTEGER NOT NULL,
    "title" TEXT NOT NULL,
    "seconds" INTEGER,

    CONSTRAINT "Part_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "Part_mediaId_volume_number_key" ON "Part"("mediaId", "volume", "number");

-- AddForeignKey
ALTER TABLE "Part" ADD CONSTRAINT "Part_mediaId_fkey" FOREIGN KEY ("mediaId") REFERENCES "Media"("id") ON DELETE CASCADE ON UPDATE CASCADE;
