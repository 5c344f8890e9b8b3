//! Users: those of the gateway file and of files like it, and those of htpasswd files, which have neither scopes nor
//! APIs of their own.

use std::collections::BTreeMap;

use portcullis_auth::check_password_hash;
use portcullis_config::auth::UserConfig;
use portcullis_openapi::Report;

use super::application::account;
use super::htpasswd;
use super::listed::{Listed, Origin};
use crate::codes;
use crate::gateway::file::{IdentityFile, UserFile};
use crate::gateway::{Reader, join};

/// A user of an htpasswd file, and where the line stands.
type Line = (String, Origin);

impl Reader<'_> {
    pub(super) fn users(&self, file: &IdentityFile, report: &mut Report) -> Vec<UserConfig> {
        let own = file.users.clone();
        let listed = self.listed::<UserFile>(own, "users", &file.user_files, "userFiles", report);
        let mut lines = self.htpasswd_files(&file.htpasswd_files, report);
        let mut users: BTreeMap<String, UserConfig> = BTreeMap::new();
        for Listed { entry, origin } in listed {
            let name = entry.name.clone();
            let Some(password) = entry.password.or_else(|| Some(lines.remove(&name)?.0)) else {
                let message = format!("the user '{name}' has no password, here or in htpasswdFiles");
                origin.refuse(codes::SETTING_INVALID, &message, report);
                continue;
            };
            let account = account(entry.application, entry.tier, entry.environment);
            self.knows_application(&account, file, &origin, report);
            let user = UserConfig { name, password, scopes: entry.scopes, apis: entry.apis, account };
            add(&mut users, user, &origin, report);
        }
        for (name, (password, origin)) in lines {
            let user = UserConfig { name, password, ..UserConfig::default() };
            add(&mut users, user, &origin, report);
        }
        users.into_values().collect()
    }

    /// By name. Where a name stands twice, Apache takes the first; here one of them must go.
    fn htpasswd_files(&self, names: &[String], report: &mut Report) -> BTreeMap<String, Line> {
        let mut lines: BTreeMap<String, Line> = BTreeMap::new();
        for (at, file) in names.iter().enumerate() {
            let place = self.place(&["identity", "htpasswdFiles", &at.to_string()]);
            let origin = |line| Origin::line(place, file, line);
            let text = match self.loader.load(&join(self.folder, file)) {
                Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                Err(cause) => {
                    let message = format!("{file}: {cause}");
                    report.push(crate::settings::problem(codes::CREDENTIAL_FILE, message, place));
                    continue;
                }
            };
            match htpasswd::read(&text) {
                Err(line) => origin(line).refuse(codes::CREDENTIAL_FILE, "this is not name:hash", report),
                Ok(entries) => {
                    for entry in entries {
                        let line = (entry.hash.to_owned(), origin(entry.line));
                        if lines.insert(entry.name.to_owned(), line).is_some() {
                            let message = format!("the user '{}' stands twice", entry.name);
                            origin(entry.line).refuse(codes::NAME_DUPLICATE, &message, report);
                        }
                    }
                }
            }
        }
        lines
    }
}

/// Adds a user whose hash can be checked.
fn add(users: &mut BTreeMap<String, UserConfig>, user: UserConfig, origin: &Origin, report: &mut Report) {
    if let Err(cause) = check_password_hash(&user.password) {
        origin.refuse(codes::PASSWORD_HASH, &format!("the user '{}': {cause}", user.name), report);
    }
    if users.contains_key(&user.name) {
        origin.refuse(codes::NAME_DUPLICATE, &format!("the user '{}' stands twice", user.name), report);
    }
    users.insert(user.name.clone(), user);
}
