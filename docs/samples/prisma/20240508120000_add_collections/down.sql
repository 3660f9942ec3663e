-- DropTable
DROP TABLE "_CollectionToMedia";

-- DropTable
DROP TABLE "Collection";
