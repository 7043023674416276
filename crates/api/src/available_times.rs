//! How long images took to become available, as a histogram for operators (R003-5). The regions count; this tells.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;
use region::{AVAILABLE_WITHIN_SECS, TimesToAvailable};

/// What the regions of this process said last.
#[derive(Clone, Debug, Default)]
pub(crate) struct AvailableTimes {
    regions: Arc<Mutex<BTreeMap<String, TimesToAvailable>>>,
}

impl AvailableTimes {
    pub(crate) fn set(&self, region: &str, times: &TimesToAvailable) {
        let mut regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        regions.insert(region.to_owned(), times.clone());
    }
}

impl Collector for AvailableTimes {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let help = "Time from the promise of a copy until its image was available";
        let mut family = encoder.encode_descriptor(
            "ferry_copy_available",
            help,
            Some(&Unit::Seconds),
            MetricType::Histogram,
        )?;
        let regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        for (region, times) in regions.iter() {
            let counted = |bound: &u64| times.within.get(bound).copied().unwrap_or(0);
            let mut buckets: Vec<(f64, u64)> =
                AVAILABLE_WITHIN_SECS.iter().map(|bound| (*bound as f64, counted(bound))).collect();
            let beyond = times.copies - buckets.iter().map(|(_, count)| count).sum::<u64>();
            buckets.push((f64::INFINITY, beyond));
            let labels = [("region", region.as_str())];
            let mut metric = family.encode_family(&labels)?;
            metric.encode_histogram::<NoLabelSet>(times.seconds, times.copies, &buckets, None)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    /// R003-5: buckets grow, and the last holds all.
    #[test]
    fn r003_5_the_histogram_is_told_as_prometheus_reads_it() {
        let times = AvailableTimes::default();
        let within = BTreeMap::from([(600, 3), (1_800, 2)]);
        times.set("south", &TimesToAvailable { within, copies: 6, seconds: 100_000.5 });
        let mut registry = Registry::default();
        registry.register_collector(Box::new(times));
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        for line in [
            "# TYPE ferry_copy_available_seconds histogram",
            "ferry_copy_available_seconds_sum{region=\"south\"} 100000.5",
            "ferry_copy_available_seconds_count{region=\"south\"} 6",
            "ferry_copy_available_seconds_bucket{le=\"180.0\",region=\"south\"} 0",
            "ferry_copy_available_seconds_bucket{le=\"600.0\",region=\"south\"} 3",
            "ferry_copy_available_seconds_bucket{le=\"1800.0\",region=\"south\"} 5",
            "ferry_copy_available_seconds_bucket{le=\"+Inf\",region=\"south\"} 6",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
