[assembly: TestFramework("DbMigrate.Testing.SandboxTestFramework", "DbMigrate.Testing")]
