//! The region in a host's name. Some clients say it there and nowhere else (contract 7.1).

/// Of `ecs.REGION.aliyuncs.com`, `ecs-REGION.aliyuncs.com`, and the same under any other domain.
pub(super) fn read(host: &str) -> Option<&str> {
    let (first, rest) = host.split_once('.')?;
    match first {
        // The cloud's one endpoint for all regions.
        "ecs" if rest == "aliyuncs.com" => None,
        "ecs" | "ecs-vpc" => rest.split_once('.').map(|(region, _domain)| region),
        other => other.strip_prefix("ecs-").filter(|region| !region.is_empty()),
    }
    .filter(|region| !region.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_name_regions_in_the_clouds_two_ways() {
        for (host, region) in [
            ("ecs.cn-shanghai.aliyuncs.com", Some("cn-shanghai")),
            ("ecs-cn-hangzhou.aliyuncs.com", Some("cn-hangzhou")),
            ("ecs-vpc.cn-beijing.aliyuncs.com", Some("cn-beijing")),
            ("ecs.north.ferry.internal", Some("north")),
            ("ecs-north.localhost", Some("north")),
            ("ecs.aliyuncs.com", None),
            ("ecs.north", None),
            ("ecs..aliyuncs.com", None),
            ("ecs-.aliyuncs.com", None),
            ("business.aliyuncs.com", None),
            ("127.0.0.1", None),
            ("localhost", None),
            ("", None),
        ] {
            assert_eq!(read(host), region, "{host}");
        }
    }
}
