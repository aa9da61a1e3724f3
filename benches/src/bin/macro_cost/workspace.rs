//! The generated crates, in a workspace of their own below the target folder.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use connection_registry::BoxError;

use super::sources::{self, Variant};

/// A workspace with two crates for each variant: one full of types, one without any; and what those by hand share.
pub(crate) struct Workspace {
    pub(crate) folder: PathBuf,
}

impl Workspace {
    /// Writes the crates with `types` types each.
    pub(crate) fn write(types: usize) -> Result<Self, BoxError> {
        let executable = env::current_exe()?;
        let target = executable.ancestors().nth(2).ok_or("the program is not in a target folder")?;
        let benches = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(|_| "run it by `cargo run`")?);
        let root = benches.parent().ok_or("the benches are not in a workspace")?;
        let workspace = Self { folder: target.join("macro_cost") };
        workspace.write_shared(root)?;
        for variant in Variant::ALL {
            workspace.write_package(variant, &variant.package(), types)?;
            workspace.write_package(variant, &variant.empty_package(), 0)?;
        }
        Ok(workspace)
    }

    /// The one source file of a package.
    pub(crate) fn source_file(&self, package: &str) -> PathBuf {
        self.folder.join(package).join("src/main.rs")
    }

    fn write_shared(&self, root: &Path) -> Result<(), BoxError> {
        fs::create_dir_all(&self.folder)?;
        let facade = root.join("registry").display().to_string().replace('\\', "/");
        fs::write(self.folder.join("Cargo.toml"), sources::WORKSPACE_MANIFEST.replace("$facade", &facade))?;
        // The dependencies in the versions that the library is tested with.
        fs::copy(root.join("Cargo.lock"), self.folder.join("Cargo.lock"))?;
        let shared = self.folder.join("by_hand_shared");
        fs::create_dir_all(shared.join("src"))?;
        fs::write(shared.join("Cargo.toml"), sources::SHARED_MANIFEST)?;
        fs::write(shared.join("src/lib.rs"), sources::SHARED)?;
        Ok(())
    }

    fn write_package(&self, variant: Variant, package: &str, types: usize) -> Result<(), BoxError> {
        let source_file = self.source_file(package);
        fs::create_dir_all(source_file.parent().expect("it is a file in a folder"))?;
        fs::write(self.folder.join(package).join("Cargo.toml"), variant.manifest(package))?;
        fs::write(source_file, variant.source(types))?;
        Ok(())
    }
}
