//! `locum demo [--port N]`: an embedded configuration in front of three origins inside the process.
//!
//! The face runs as if it had been called `haproxy -db -f` with that configuration; what there is to try is printed first.

mod origin;

use std::{ffi::OsString, fs, io, io::Write, net::TcpListener, path::Path};

use locum_compat_haproxy::face;
use locum_runtime::process::Exit;
use origin::Origin;

/// The configuration, with `${NAME}` where a value of this start belongs.
const CONFIGURATION: &str = include_str!("haproxy.cfg");

/// Names of the origins, and the colours of their pages.
const ORIGINS: [(&str, &str); 3] = [
    ("amber", "#ffbf00"),
    ("coral", "#ff7f50"),
    ("teal", "#5fc9c0"),
];

const PORT: u16 = 8080;

/// Serves until it is interrupted.
pub fn run(words: &[OsString]) -> Exit {
    let Some(port) = port(words) else {
        let _ = writeln!(io::stderr(), "usage: locum demo [--port N]");
        return Exit::Status(2);
    };
    match serve(port) {
        Ok(exit) => exit,
        Err(error) => {
            let _ = writeln!(io::stderr(), "locum demo: {error}");
            Exit::Status(1)
        }
    }
}

/// The port that the words ask for; `None` if they ask for anything else.
fn port(words: &[OsString]) -> Option<u16> {
    let words: Option<Vec<_>> = words.iter().map(|word| word.to_str()).collect();
    match words?.as_slice() {
        [] => Some(PORT),
        ["--port" | "-p", number] => number.parse().ok(),
        [word] => word.strip_prefix("--port=")?.parse().ok(),
        _ => None,
    }
}

fn serve(port: u16) -> io::Result<Exit> {
    let port = free(port)?;
    let origins = ORIGINS
        .iter()
        .map(|(name, colour)| Origin::listen(name, colour))
        .collect::<io::Result<Vec<_>>>()?;
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("haproxy.cfg");
    fs::write(&path, configuration(port, &origins, directory.path()))?;
    // A reader that has gone changes nothing.
    let _ = io::stdout().write_all(what_to_try(port, directory.path()).as_bytes());
    let argv = [
        "haproxy".into(),
        "-db".into(),
        "-f".into(),
        path.into_os_string(),
    ];
    let start = move || origins.into_iter().try_for_each(Origin::start);
    Ok(face::run_beside(&argv, Some(Box::new(start))))
}

/// The port, or the one that the system chooses for 0. Sockets of the face share a port with others of theirs; here
/// that would be a surprise.
fn free(port: u16) -> io::Result<u16> {
    match TcpListener::bind(("127.0.0.1", port)) {
        Ok(socket) => Ok(socket.local_addr()?.port()),
        Err(error) => Err(io::Error::new(
            error.kind(),
            format!("port {port}: {error}; another one: locum demo --port 18080"),
        )),
    }
}

fn configuration(port: u16, origins: &[Origin], directory: &Path) -> String {
    let mut text = CONFIGURATION
        .replace("${PORT}", &port.to_string())
        .replace("${DIRECTORY}", &directory.to_string_lossy());
    for origin in origins {
        let place = format!("${{{}}}", origin.name.to_uppercase());
        text = text.replace(&place, &origin.port.to_string());
    }
    text
}

fn what_to_try(port: u16, directory: &Path) -> String {
    let directory = directory.display();
    let site = format!("http://127.0.0.1:{port}");
    format!(
        "\
Locum serves {site} from three origins; below, a log line for each request. Ctrl-C ends it.

  open {site}/               the page says which origin made it; reload: the cookie brings you back to it
  open {site}/stats          the statistics page
  curl -i {site}/            without a cookie: in turns; look at set-cookie
  curl -b SRV=teal {site}/   with one: always that origin
  curl -i {site}/private     refused by a rule
  cat {directory}/haproxy.cfg
  echo 'disable server origins/teal' | socat - {directory}/cli.sock

"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn the_port_is_8080_unless_another_one_is_asked_for() {
        assert_eq!(port(&words("")), Some(8080));
        assert_eq!(port(&words("--port 81")), Some(81));
        assert_eq!(port(&words("--port=82")), Some(82));
        assert_eq!(port(&words("--port")), None);
        assert_eq!(port(&words("--port 99999")), None);
        assert_eq!(port(&words("now")), None);
    }

    #[test]
    fn every_place_of_the_configuration_is_filled_in() {
        let origins: Vec<_> = ORIGINS
            .iter()
            .map(|(name, colour)| Origin::listen(name, colour).unwrap())
            .collect();
        let text = configuration(1234, &origins, Path::new("/run/demo"));
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        assert!(lines.clone().all(|line| !line.contains('$')), "{text}");
        assert!(text.contains("bind 127.0.0.1:1234\n"));
        assert!(text.contains(&format!("127.0.0.1:{} cookie coral", origins[1].port)));
    }
}
