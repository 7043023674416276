// The program that runs the provider: OpenTofu, built by `cargo xtask test --only terraform`. The rest repeats its go.mod.
module ferry.test/opentofu

go 1.24.13

godebug tlsmlkem=0

require github.com/opentofu/opentofu v1.10.10

replace github.com/hashicorp/hcl/v2 v2.20.1 => github.com/opentofu/hcl/v2 v2.20.2-0.20251021132045-587d123c2828
