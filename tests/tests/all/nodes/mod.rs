//! Many processes on one PostgreSQL: restarted one after the other, with a database that crashes, with answers that are
//! lost on the way.

mod crowd;
mod database;
mod limits;
mod program;
mod rolling;
