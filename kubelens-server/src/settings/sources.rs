//! The places that settings come from, in their order. Tests give maps in their place.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::arguments::Arguments;
use super::problem::Problem;
use super::variables::{Variable, variable};

/// A file of a secret or of settings is not longer than this, in bytes.
const LONGEST_FILE: u64 = 1 << 20;

/// Raw values and where each came from.
#[derive(Clone, Default)]
pub struct Sources {
    values: BTreeMap<&'static str, (String, &'static str)>,
    problems: Vec<Problem>,
    /// `--demo` was given.
    pub(super) demo: bool,
    /// `--kubeconfig`.
    pub(super) kubeconfig: Option<PathBuf>,
    /// The environment's `KUBECONFIG`.
    pub(super) ambient_kubeconfig: Option<PathBuf>,
    /// This is a pod with a service account.
    pub(super) in_pod: bool,
    /// `~/.kube/config`, when it is there.
    pub(super) home_kubeconfig: Option<PathBuf>,
}

impl std::fmt::Debug for Sources {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Sources")
            .field("names", &self.values.keys())
            .field("problems", &self.problems)
            .finish_non_exhaustive()
    }
}

impl Sources {
    /// Flags, the environment of this process, and the files that they name.
    pub fn of_process(arguments: &Arguments) -> Sources {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let mut sources = Sources::new(arguments, &environment);
        let home = environment
            .get("HOME")
            .map(|home| Path::new(home).join(".kube/config"));
        sources.home_kubeconfig = home.filter(|path| path.is_file());
        sources
    }

    /// The same over a given environment; files are read where it names some.
    pub fn new(arguments: &Arguments, environment: &BTreeMap<String, String>) -> Sources {
        let mut sources = Sources {
            demo: arguments.demo,
            kubeconfig: arguments.kubeconfig.clone(),
            in_pod: environment.contains_key("KUBERNETES_SERVICE_HOST"),
            ambient_kubeconfig: environment
                .get("KUBECONFIG")
                .filter(|it| !it.is_empty())
                .map(PathBuf::from),
            ..Sources::default()
        };
        let yaml = arguments.config.clone();
        if let Some(path) = yaml.or_else(|| environment.get("KUBELENS_CONFIG").map(PathBuf::from)) {
            sources.take_yaml(&path);
        }
        for variable in super::VARIABLES {
            sources.take_environment(variable, environment);
        }
        sources.take_flags(arguments);
        sources
    }

    fn take_environment(
        &mut self,
        variable: &'static Variable,
        environment: &BTreeMap<String, String>,
    ) {
        let given = |name: &str| environment.get(name).filter(|it| !it.is_empty());
        let file_name = format!("{}_FILE", variable.name);
        // TLS_CERT_FILE and the like are settings of their own, not files of a setting.
        let file = if variable.secret {
            given(&file_name)
        } else {
            None
        };
        match (given(variable.name), file) {
            (Some(_), Some(_)) => self.problem(
                variable.name,
                format!("{file_name} is given too; give one of them"),
            ),
            (Some(value), None) => self.put(variable, value.clone(), "environment"),
            (None, Some(path)) => match read_file(Path::new(path)) {
                Ok(text) => self.put(variable, text.trim().to_owned(), "file"),
                Err(error) => self.problem(&file_name, format!("{path}: {error}")),
            },
            (None, None) => {}
        }
    }

    fn take_yaml(&mut self, path: &Path) {
        let shown = path.display();
        let text = match read_file(path) {
            Ok(text) => text,
            Err(error) => return self.problem("KUBELENS_CONFIG", format!("{shown}: {error}")),
        };
        let parsed: BTreeMap<String, serde_json::Value> = match serde_saphyr::from_str(&text) {
            Ok(parsed) => parsed,
            // The parser's own words may quote a secret.
            Err(_) => {
                return self.problem(
                    "KUBELENS_CONFIG",
                    format!("{shown} is not YAML of the form NAME: value"),
                );
            }
        };
        for (name, value) in parsed {
            let text = match value {
                serde_json::Value::Null => continue,
                serde_json::Value::String(text) => text,
                serde_json::Value::Bool(_) | serde_json::Value::Number(_) => value.to_string(),
                _ => {
                    self.problem(
                        &name,
                        format!("{shown}: a setting is text, a number or a bool"),
                    );
                    continue;
                }
            };
            let of_file = name
                .strip_suffix("_FILE")
                .and_then(variable)
                .filter(|it| it.secret);
            match (variable(&name), of_file) {
                (Some(variable), _) => self.put(variable, text, "configuration file"),
                (None, Some(variable)) => match read_file(Path::new(&text)) {
                    Ok(text) => self.put(variable, text.trim().to_owned(), "file"),
                    Err(error) => self.problem(&name, format!("{text}: {error}")),
                },
                (None, None) => self.problem(&name, format!("{shown}: no setting has this name")),
            }
        }
    }

    fn take_flags(&mut self, arguments: &Arguments) {
        let path = arguments
            .state_dir
            .as_ref()
            .map(|it| it.display().to_string());
        let port = arguments.port.map(|it| it.to_string());
        for (name, value) in [("STATE_DIR", path), ("PORT", port)] {
            if let (Some(variable), Some(value)) = (variable(name), value) {
                self.put(variable, value, "flag");
            }
        }
        for pair in &arguments.set {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match variable(name) {
                None => self.problem(name, "--set: no setting has this name".to_owned()),
                Some(it) if it.secret => {
                    self.problem(
                        name,
                        format!("--set would show a secret; use {name} or {name}_FILE"),
                    );
                }
                Some(variable) => self.put(variable, value.to_owned(), "flag"),
            }
        }
    }

    fn put(&mut self, variable: &'static Variable, value: String, from: &'static str) {
        if !value.is_empty() {
            self.values.insert(variable.name, (value, from));
        }
    }

    fn problem(&mut self, setting: &str, text: String) {
        let setting = setting.to_owned();
        self.problems.push(Problem { setting, text });
    }

    /// The value as typed.
    pub(super) fn raw(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|(value, _)| value.as_str())
    }

    /// Where the value came from.
    pub(super) fn origin(&self, name: &str) -> Option<&'static str> {
        self.values.get(name).map(|(_, from)| *from)
    }

    pub(super) fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

fn read_file(path: &Path) -> Result<String, String> {
    use std::io::Read;
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    file.take(LONGEST_FILE + 1)
        .read_to_string(&mut text)
        .map_err(|error| error.to_string())?;
    if text.len() as u64 > LONGEST_FILE {
        return Err(format!("is longer than {LONGEST_FILE} bytes"));
    }
    Ok(text)
}
