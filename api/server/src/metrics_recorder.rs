//! The process's figures. There is one recorder for a process; whoever asks first installs it.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// The recorder's handle; none when another part of the process has a recorder of its own.
pub(crate) fn handle() -> Option<PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let install = || match PrometheusBuilder::new().install_recorder() {
        Ok(handle) => Some(handle),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "no figures will be served");
            None
        }
    };
    HANDLE.get_or_init(install).clone()
}
