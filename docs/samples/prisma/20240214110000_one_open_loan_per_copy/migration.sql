-- A partial unique index: the schema language cannot say this, so the file was written by hand (migrate dev --create-only).
CREATE UNIQUE INDEX "Loan_copyId_open_key" ON "Loan"("copyId") WHERE "state" <> 'RETURNED';
