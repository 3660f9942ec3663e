-- CreateEnum
CREATE TYPE "LoanState" AS ENUM ('RESERVED', 'OUT', 'RETURNED');

-- CreateTable
CREATE TABLE "Copy" (
    "id" SERIAL NOT NULL,
    "mediaId" INTEGER NOT NULL,
    "barcode" TEXT NOT NULL,
    "shelf" TEXT,

    CONSTRAINT "Copy_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Loan" (
    "id" SERIAL NOT NULL,
    "copyId" INTEGER NOT NULL,
    "userId" INTEGER NOT NULL,
    "state" "LoanState" NOT NULL DEFAULT 'RESERVED',
    "dueOn" DATE NOT NULL,
    "returnedAt" TIMESTAMP(3),

    CONSTRAINT "Loan_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "Copy_barcode_key" ON "Copy"("barcode");

-- CreateIndex
CREATE INDEX "Loan_userId_state_idx" ON "Loan"("userId", "state");

-- AddForeignKey
ALTER TABLE "Copy" ADD CONSTRAINT "Copy_mediaId_fkey" FOREIGN KEY ("mediaId") REFERENCES "Media"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Loan" ADD CONSTRAINT "Loan_copyId_fkey" FOREIGN KEY ("copyId") REFERENCES "Copy"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Loan" ADD CONSTRAINT "Loan_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
