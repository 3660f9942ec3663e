ALTER TABLE tickets VALIDATE CONSTRAINT tickets_due_after_created;
