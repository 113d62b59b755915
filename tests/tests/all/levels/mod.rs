//! Signatures of every level, with keys in files, in tokens and elsewhere, as the command line and the platform make them.

mod command_line;
mod contract;
mod desk;
mod event_keys;
mod outside;
mod soft_token;
mod token;
