//! What the gateway file lists itself and in files beside it: each entry with the place that a problem with it is
//! told at.

use portcullis_openapi::{Documents, Node, Place, Report};
use serde::de::DeserializeOwned;

use crate::codes;
use crate::gateway::{Reader, join};
use crate::settings::problem;

/// An entry.
pub(super) struct Listed<T> {
    pub(super) entry: T,
    pub(super) origin: Origin,
}

/// Where an entry stands.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    /// In the gateway file: the entry, or the name of its file.
    place: Place,
    /// File and line, where that is another file.
    within: Option<String>,
}

impl Origin {
    /// A line of the file that is named at `place`.
    pub(super) fn line(place: Place, file: &str, line: u32) -> Self {
        Self { place, within: Some(format!("{file}: line {line}: ")) }
    }

    /// Reports an error of the entry.
    pub(super) fn refuse(&self, code: &'static str, message: &str, report: &mut Report) {
        let within = self.within.as_deref().unwrap_or_default();
        report.push(problem(code, format!("{within}{message}"), self.place));
    }
}

impl Reader<'_> {
    /// The entries under `identity.LIST`, and those in the files under `identity.FILES`.
    pub(super) fn listed<T: DeserializeOwned>(
        &self,
        own: Vec<T>,
        list: &str,
        names: &[String],
        files: &str,
        report: &mut Report,
    ) -> Vec<Listed<T>> {
        let place = |key: &str, at: usize| self.place(&["identity", key, &at.to_string()]);
        let own = own.into_iter().enumerate();
        let origin = |at| Origin { place: place(list, at), within: None };
        let mut all: Vec<_> = own.map(|(at, entry)| Listed { entry, origin: origin(at) }).collect();
        for (at, name) in names.iter().enumerate() {
            all.extend(self.entries(name, place(files, at), report));
        }
        all
    }

    fn entries<T: DeserializeOwned>(&self, name: &str, place: Place, report: &mut Report) -> Vec<Listed<T>> {
        let mut inner = Report::default();
        let documents = Documents::load(self.loader, &join(self.folder, name), &mut inner);
        let mut refuse = |cause: &str| {
            report.push(problem(codes::CREDENTIAL_FILE, format!("{name}: {cause}"), place));
        };
        let Some(root) = documents.root() else {
            refuse(inner.diagnostics().first().map_or("", |problem| problem.message.as_str()));
            return Vec::new();
        };
        let line = |place: Place| documents.position(place).line;
        let Some(nodes) = root.as_array() else {
            refuse(&format!("line {}: this is no list", line(root.place())));
            return Vec::new();
        };
        let read = |node: &Node| match node.read::<T>() {
            Ok(entry) => Some(Listed { entry, origin: Origin::line(place, name, line(node.place())) }),
            Err(invalid) => {
                refuse(&format!("line {}: {invalid}", line(invalid.place.unwrap_or(node.place()))));
                None
            }
        };
        nodes.iter().filter_map(read).collect()
    }
}
