START TRANSACTION;
DO $EF$
BEGIN
    IF EXISTS(SELECT 1 FROM "__EFMigrationsHistory" WHERE "MigrationId" = '20240521093000_AddOccupancy') THEN
    DROP VIEW "Occupancy";
    END IF;
END $EF$;
DO $EF$
BEGIN
    IF EXISTS(SELECT 1 FROM "__EFMigrationsHistory" WHERE "MigrationId" = '20240521093000_AddOccupancy') THEN
    DELETE FROM "__EFMigrationsHistory"
    WHERE "MigrationId" = '20240521093000_AddOccupancy';
    END IF;
END $EF$;
COMMIT;

START TRANSACTION;
DO $EF$
BEGIN
    IF EXISTS(SELECT 1 FROM "__EFMigrationsHistory" WHERE "MigrationId" = '20240423101500_ValidateBookingChannel') THEN
    DELETE FROM "__EFMigrationsHistory"
    WHERE "MigrationId" = '20240423101500_ValidateBookingChannel';
    END IF;
END $EF$;
COMMIT;

START TRANSACTION;
DO $EF$
BEGIN
    IF EXISTS(SELECT 1 FROM "__EFMigrationsHistory" WHERE "MigrationId" = '20240423100000_AddBookingChannel') THEN
    ALTER TABLE "Bookings" DROP CONSTRAINT "CK_Bookings_Channel";
    END IF;
END $EF$;
DO $EF$
BEGIN
    IF EXISTS(SELECT 1 FROM "__EFMigrationsHistory" WHERE "MigrationId" = '20240423100000_AddBookingChannel') THEN
    ALTER TABLE "Bookings" DROP COLUMN "Channel";
    END IF;
END $EF$;
DO $EF$
BEGIN
    IF EXISTS(SELECT 1 FROM "__EFMigrationsHistory" WHERE "MigrationId" = '20240423100000_AddBookingChannel') THEN
    DELETE FROM "__EFMigrationsHistory"
    WHERE "MigrationId" = '20240423100000_AddBookingChannel';
    END IF;
END $EF$;
COMMIT;

