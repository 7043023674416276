//! How connections send.

use api::Congestion;
use serde::Deserialize;

/// How connections send.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TransportConfig {
    /// What TCP is asked for, where the system offers it.
    pub congestion: CongestionConfig,
}

/// What TCP is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CongestionConfig {
    /// Losses by chance slow it little.
    #[default]
    Bbr,
    /// What most systems use.
    Cubic,
    /// As the system is set.
    System,
}

impl From<CongestionConfig> for Congestion {
    fn from(config: CongestionConfig) -> Self {
        match config {
            CongestionConfig::Bbr => Congestion::Bbr,
            CongestionConfig::Cubic => Congestion::Cubic,
            CongestionConfig::System => Congestion::System,
        }
    }
}
