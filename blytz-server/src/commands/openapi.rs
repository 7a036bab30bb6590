//! `openapi`: the API's description, as the code has it.

use std::{
    fs,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;

use super::Failure;
use crate::{
    app::{document, service_document},
    service::Service,
};

/// `openapi [--service NAME | --write DIR]`.
#[derive(Debug, clap::Args)]
pub(super) struct Openapi {
    /// Only this service.
    #[arg(long, value_name = "SERVICE", value_parser = Service::ALL.map(Service::name))]
    service: Option<String>,
    /// Write the whole and every service's as files into DIR.
    #[arg(long, value_name = "DIR", conflicts_with = "service")]
    write: Option<PathBuf>,
}

impl Openapi {
    pub(super) fn run(self) -> Result<(), Failure> {
        if let Some(folder) = self.write {
            return Ok(write(&folder)?);
        }
        let wanted = self.service.as_deref().unwrap_or(WHOLE);
        for (name, text) in files().filter(|(name, _)| *name == wanted) {
            let done = std::io::stdout().write_all(text.as_bytes());
            // `| head` is no failure.
            if let Err(error) =
                done.or_else(|error| if error.kind() == ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
            {
                return Err(anyhow::Error::from(error).context(format!("{name} could not be printed")).into());
            }
        }
        Ok(())
    }
}

/// The file of the whole.
const WHOLE: &str = "blytz";

/// Every file that stands in docs/openapi, by name without `.json`.
pub fn files() -> impl Iterator<Item = (&'static str, String)> {
    let services = Service::ALL.into_iter().map(|service| (service.name(), service_document(service)));
    std::iter::once((WHOLE, document()))
        .chain(services)
        .map(|(name, document)| (name, document.to_pretty_json().unwrap_or_default() + "\n"))
}

fn write(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("{} can't be made", folder.display()))?;
    for (name, text) in files() {
        let path = folder.join(name).with_extension("json");
        fs::write(&path, text).with_context(|| format!("{} can't be written", path.display()))?;
        eprintln!("wrote {}", path.display());
    }
    Ok(())
}
