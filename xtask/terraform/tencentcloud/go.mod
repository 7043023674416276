// Tencent Cloud's own Terraform provider, as its makers publish it less one service: `cargo xtask test --only terraform` builds it
// from here. Its edge service, `teo`, calls a library that no module proxy has in any version: the build leaves that service out
// and changes nothing else (xtask/src/test/terraform/left_out.rs). Images do not call it.
module ferry.test/terraform-provider-tencentcloud

go 1.25.0

require github.com/tencentcloudstack/terraform-provider-tencentcloud v1.82.89

// Module proxies do not have the version that it names, v1.3.80; of those that they have, this is the next.
replace github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common => github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common v1.3.103
