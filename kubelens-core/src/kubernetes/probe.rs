use super::{Container, IntOrString, Probe};

impl Probe {
    /// Seconds between two tries (default 10).
    pub const fn period(&self) -> i64 {
        if self.period_seconds > 0 {
            self.period_seconds
        } else {
            10
        }
    }

    /// Tries in a row that must fail (default 3).
    pub const fn failures(&self) -> i64 {
        if self.failure_threshold > 0 {
            self.failure_threshold
        } else {
            3
        }
    }

    /// Seconds that one try may take (default 1).
    pub const fn timeout(&self) -> i64 {
        if self.timeout_seconds > 0 {
            self.timeout_seconds
        } else {
            1
        }
    }

    /// Seconds from the start of the container until the probe has certainly given up.
    pub const fn window(&self) -> i64 {
        self.initial_delay_seconds + self.period() * self.failures()
    }

    /// The port it asks, as written.
    pub fn port(&self) -> Option<IntOrString> {
        let http = self.http_get.as_ref().and_then(|http| http.port.clone());
        let tcp = self.tcp_socket.as_ref().and_then(|tcp| tcp.port.clone());
        let grpc = self.grpc.as_ref().map(|grpc| IntOrString::Int(grpc.port));
        http.or(tcp).or(grpc)
    }

    /// The port it asks, as a number; none for exec probes and for a name that resolves to nothing.
    pub fn port_number(&self, container: &Container) -> Option<i64> {
        match self.port()? {
            IntOrString::Int(number) => Some(number),
            IntOrString::String(name) => container
                .ports
                .iter()
                .find(|port| port.name == name)
                .map(|port| port.container_port),
        }
    }

    /// What it does, as a person would say it: `GET http :8080/healthz`.
    pub fn action(&self) -> String {
        if let Some(http) = &self.http_get {
            let port = http
                .port
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default();
            let scheme = if http.scheme == "HTTPS" {
                "https"
            } else {
                "http"
            };
            let path = http.path.non_empty().unwrap_or("/");
            return format!("GET {scheme} :{port}{path}");
        }
        if let Some(exec) = &self.exec {
            return format!("exec {}", exec.command.join(" "));
        }
        match self.port() {
            Some(port) if self.grpc.is_some() => format!("grpc :{port}"),
            Some(port) => format!("tcp :{port}"),
            None => "probe".to_owned(),
        }
    }
}
