//! `sessions`, and how any command uses a session: its lock, its token, and its recovery.

mod dead_session;
mod locks;
mod lost_updates;
mod manage;
mod recovery;
mod stampede;
mod tokens;
mod unauthorized;
mod whoami;
