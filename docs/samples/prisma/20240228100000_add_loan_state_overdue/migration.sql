-- AlterEnum
ALTER TYPE "LoanState" ADD VALUE 'OVERDUE';
