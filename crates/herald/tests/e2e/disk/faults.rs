//! A disk that fails when the test says so: the program runs under libfiu (Debian's `fiu-utils`),
//! which stands between it and the C library, and lets calls fail that the test names at run time.
//!
//! What happens is what a failing disk does to a program: the system call's wrapper answers -1
//! and an error number. The file itself is untouched by the call, so what the program has written
//! before stays as it is.

use std::path::PathBuf;

use tokio::process::Command;

use crate::support::{
    program::{Server, run},
    world::World,
};

/// A call that fails, with its error number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// Nothing can be synced any more: `EIO`.
    NoSync,
    /// Nothing can be written into a file any more: `ENOSPC`.
    Full,
}

impl Fault {
    /// libfiu's name of it, and the error number.
    fn point(self) -> (&'static str, u32) {
        match self {
            // Both ways of syncing.
            Self::NoSync => ("posix/io/sync/*", 5),
            Self::Full => ("posix/io/rw/pwrite", 28),
        }
    }
}

/// Where the pipes are through which a program under libfiu is told what is to fail.
#[derive(Clone, Debug)]
pub(crate) struct FaultyDisk {
    pipes: PathBuf,
}

impl FaultyDisk {
    /// Fails if libfiu is not installed: a test that passes without having run would be worse.
    pub(crate) fn of(world: &World) -> Self {
        let installed = std::process::Command::new("fiu-run").arg("-h").output().is_ok();
        assert!(installed, "fiu-run is missing: run ./test once, which installs it");
        Self { pipes: world.folder.path().join("faults") }
    }

    /// The same command, under libfiu; so far nothing fails.
    pub(crate) fn under(&self, command: &Command) -> Command {
        let command = command.as_std();
        let mut under = Command::new("fiu-run");
        under.arg("-x").arg("-f").arg(&self.pipes).arg(command.get_program());
        under.args(command.get_args()).kill_on_drop(true);
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => under.env(name, value),
                None => under.env_remove(name),
            };
        }
        under.current_dir(command.get_current_dir().expect("a world has a folder"));
        under
    }

    /// From when this returns until [`Self::heal`] is called, every such call fails.
    pub(crate) async fn fail(&self, server: &Server, fault: Fault) {
        let (point, error) = fault.point();
        self.tell(server, &format!("enable name={point},failinfo={error}")).await;
    }

    /// Such calls work again.
    pub(crate) async fn heal(&self, server: &Server, fault: Fault) {
        let (point, _) = fault.point();
        self.tell(server, &format!("disable name={point}")).await;
    }

    /// The server has taken the command when this returns: `fiu-ctrl` waits for its reply.
    async fn tell(&self, server: &Server, what: &str) {
        let mut command = Command::new("fiu-ctrl");
        command.arg("-f").arg(&self.pipes).arg("-c").arg(what).arg(server.process().to_string());
        let said = run(command).await;
        assert!(said.status.success() && said.out.is_empty(), "{what}: {said:?}");
    }
}
