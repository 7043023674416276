// The cloud's own Terraform provider, as its makers publish it: `cargo xtask test --only terraform` builds it from here.
module ferry.test/terraform-provider

go 1.25.0

require github.com/aliyun/terraform-provider-alicloud v1.285.0

// Module proxies do not have the versions that it names, v0.0.26 and v0.0.14. Object storage calls them; images do not.
replace (
	github.com/alibabacloud-go/alibabacloud-gateway-oss => github.com/alibabacloud-go/alibabacloud-gateway-oss v0.0.23
	github.com/alibabacloud-go/alibabacloud-gateway-oss-util => github.com/alibabacloud-go/alibabacloud-gateway-oss-util v0.0.12
)
