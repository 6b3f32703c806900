// The command line: the meaning of each flag, and the errors for bad values.
#include "server/config/command_line.h"

#include <doctest/doctest.h>

#include <map>

#include "healthz/configuration_error.h"
#include "server/config/text_values.h"
#include "server/machine/granted_cores.h"
#include "tests/server/test_folder.h"

namespace canopy {
namespace {

using Arguments = std::vector<std::string>;
using Variables = std::map<std::string, std::string>;

Settings parse(const Arguments& arguments, const Variables& variables = {}) {
  return parse_command_line(
      arguments, [&](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        if (found == variables.end()) return std::nullopt;
        return found->second;
      });
}

std::string refusal(const Arguments& arguments,
                    const Variables& variables = {}) {
  try {
    parse(arguments, variables);
  } catch (const ConfigurationError& error) {
    return error.what();
  }
  return "accepted";
}

TEST_CASE("without flags, the contract's defaults hold") {
  const Settings settings = parse({});
  CHECK(settings.command == Command::kServe);
  CHECK(settings.source.manifests.empty());
  CHECK(settings.listen.addresses.empty());
  CHECK(settings.listen.dns_port == 53);
  CHECK(settings.listen.zone_port == 10053);
  CHECK(settings.listen.healthz_port == 8080);
  CHECK(settings.records.domain.to_text() == "cluster.local.");
  CHECK(settings.records.ttl == 30);
  CHECK(settings.records.negative_ttl == 5);
  CHECK(settings.records.pods == PodRecords::kInsecure);
  CHECK(settings.forward.resolv_conf == "/etc/resolv.conf");
  CHECK(settings.cache.entries == 10'000);
  CHECK(settings.health.probe_period == std::chrono::seconds(2));
  CHECK(settings.health.probe_latency == std::chrono::seconds(30));
  CHECK(settings.workers >= 1);
}

TEST_CASE("values are written after = or a blank, before or after commands") {
  const Settings settings =
      parse({"--ttl", "7", "check", "--dns-port=0", "--zone-port=off"});
  CHECK(settings.command == Command::kCheck);
  CHECK(settings.records.ttl == 7);
  CHECK(settings.listen.dns_port == 0);
  CHECK_FALSE(settings.listen.zone_port.has_value());
  CHECK(parse({"version"}).command == Command::kVersion);
  CHECK(parse({"--version"}).command == Command::kVersion);
  CHECK(parse({"check", "--help"}).command == Command::kHelp);
}

TEST_CASE("boolean flags stand alone or with =true and =false") {
  CHECK(parse({"--log-queries"}).log.queries);
  CHECK(parse({"--log-queries=true"}).log.queries);
  CHECK_FALSE(parse({"--log-queries=false"}).log.queries);
  CHECK_FALSE(parse({"--log-queries", "--log-queries=false"}).log.queries);
}

TEST_CASE("--manifests repeats; of other flags the last one counts") {
  const Settings settings =
      parse({"--manifests=a", "--manifests", "b", "--ttl=1", "--ttl=2"});
  CHECK(settings.source.manifests == Arguments{"a", "b"});
  CHECK(settings.records.ttl == 2);
}

TEST_CASE("kube-dns's arguments keep working") {
  const Settings settings = parse(
      {"--domain=cluster.local.", "--dns-port=10054",
       "--config-dir=/kube-dns-config", "--v=2", "--kubecfg-file=/kubeconfig",
       "--healthz-port=8081", "--kube-master-url=https://10.0.0.1:6443",
       "--nameservers=8.8.8.8:53,1.1.1.1", "--dns-bind-address=0.0.0.0"});
  CHECK(settings.records.domain.to_text() == "cluster.local.");
  CHECK(settings.listen.dns_port == 10054);
  CHECK(settings.forward.kube_dns_folder == "/kube-dns-config");
  CHECK(settings.source.kubeconfig == "/kubeconfig");
  CHECK(settings.listen.healthz_port == 8081);
  CHECK(settings.forward.nameservers.size() == 2);
  CHECK(settings.log.level == "info");
  CHECK(parse({"--v=4"}).log.level == "debug");
}

TEST_CASE("a zone port that nobody chose gives way to kube-dns's ports") {
  const Settings settings = parse({"--dns-port=10053"});
  CHECK(settings.listen.dns_port == 10053);
  CHECK(settings.listen.zone_port == 0);
  CHECK(settings.remarks ==
        Arguments{"the zone tier uses a free port because 10053 is --dns-port; "
                  "choose another with --zone-port"});
  CHECK(parse({"--healthz-port=10053"}).listen.zone_port == 0);
  CHECK(parse({"--dns-port=10053", "--zone-port=10054"}).listen.zone_port ==
        10054);
  CHECK(refusal({"--dns-port=10053", "--zone-port=10053"}) ==
        "--zone-port: 10053 is also --dns-port; choose another, or off");
  CHECK(parse({"--dns-port=53"}).remarks.empty());
}

TEST_CASE("kube-dns's other flags are taken, and each is remarked on") {
  const Arguments arguments = {"--config-map=kube-dns",
                               "--config-map-namespace=kube-system",
                               "--config-period=10s",
                               "--federations=a=b.example",
                               "--initial-sync-timeout=60s",
                               "--profiling=false",
                               "--logtostderr=true",
                               "--alsologtostderr",
                               "--stderrthreshold",
                               "2",
                               "--log-dir=/tmp",
                               "--log-backtrace-at=:0",
                               "--log-flush-frequency=5s",
                               "--vmodule=a=2"};
  const Settings settings = parse(arguments);
  CHECK(settings.remarks.size() == arguments.size() - 1);
  CHECK(settings.remarks.front() ==
        "--config-map is ignored: ConfigMaps are not read from the API server; "
        "mount it as a volume and set --config-dir to the folder");
}

TEST_CASE("--service-cidr is a network, and for manifests") {
  const Settings settings =
      parse({"--manifests=a", "--service-cidr=fd00:10:96::/108"});
  REQUIRE(settings.source.service_cidr);
  CHECK(settings.source.service_cidr->prefix == 108);
  CHECK(refusal({"--manifests=a", "--service-cidr=10.96.0.1/12"}) ==
        "--service-cidr: \"10.96.0.1/12\" has bits set after its prefix; write "
        "10.96.0.0/12");
  for (const char* const bad : {"10.96.0.0", "10.96.0.0/33", "a/8", "/8"}) {
    CHECK(refusal({"--manifests=a", "--service-cidr", bad})
              .ends_with("is not a network; give one such as 10.96.0.0/12"));
  }
  CHECK(refusal({"--service-cidr=10.96.0.0/12"})
            .starts_with("--service-cidr needs --manifests"));
}

TEST_CASE("flags may have one dash, as Go's may") {
  CHECK(parse({"-v=4"}).log.level == "debug");
  CHECK(parse({"-v", "4"}).log.level == "debug");
  CHECK(parse({"-ttl=9", "-logtostderr"}).records.ttl == 9);
  CHECK(parse({"-domain", "kube.test"}).records.domain.to_text() ==
        "kube.test.");
}

TEST_CASE("lists, sizes and times") {
  const Settings settings = parse(
      {"--nameservers=1.1.1.1, [2001:db8::1]:5353,::1", "--cache-memory=3Mi",
       "--grace-period=1m30s", "--quiet-period=2s", "--probe-period=250ms",
       "--namespaces=a,b", "--dns-bind-address=127.0.0.1,::1"});
  REQUIRE(settings.forward.nameservers.size() == 3);
  CHECK(settings.forward.nameservers[0] ==
        SocketAddress(address_value("1.1.1.1"), 53));
  CHECK(settings.forward.nameservers[1] ==
        SocketAddress(address_value("2001:db8::1"), 5353));
  CHECK(settings.forward.nameservers[2] ==
        SocketAddress(address_value("::1"), 53));
  CHECK(settings.cache.octets == 3u << 20);
  CHECK(settings.drain.grace == std::chrono::seconds(90));
  CHECK(settings.drain.quiet == std::chrono::seconds(2));
  CHECK(settings.health.probe_period == std::chrono::milliseconds(250));
  CHECK(settings.selection.namespaces == Arguments{"a", "b"});
  CHECK(settings.listen.addresses.size() == 2);
}

TEST_CASE("the environment sets flags, and flags win") {
  const Variables variables = {{"CANOPYDNS_TTL", "9"},
                               {"CANOPYDNS_LOG_QUERIES", "true"},
                               {"CANOPYDNS_MANIFESTS", "/etc/records"},
                               {"CANOPYDNS_DOMAIN", ""}};
  CHECK(parse({}, variables).records.ttl == 9);
  CHECK(parse({}, variables).log.queries);
  CHECK(parse({}, variables).source.manifests == Arguments{"/etc/records"});
  CHECK(parse({}, variables).records.domain.to_text() == "cluster.local.");
  CHECK(parse({"--ttl=3"}, variables).records.ttl == 3);
}

TEST_CASE("a Service's own environment variables are not ours") {
  CHECK(parse({}, {{"CANOPYDNS_DNS_PORT", "udp://10.0.0.1:53"}})
            .listen.dns_port == 53);
}

TEST_CASE("a bad value is told what it is, where, and what to do") {
  struct Row {
    std::string argument;
    std::string text;
  };
  for (
      const Row& row : std::vector<Row>{
          {"--dns-port=65536",
           "--dns-port: \"65536\" is not a port; give a number from 0 to "
           "65535"},
          {"--dns-port=-1",
           "--dns-port: \"-1\" is not a port; give a number from 0 to 65535"},
          {"--dns-port=5x",
           "--dns-port: \"5x\" is not a port; give a number from 0 to 65535"},
          {"--healthz-port=http",
           "--healthz-port: \"http\" is not a port; give a number from 0 to "
           "65535"},
          {"--zone-port=none",
           "--zone-port: \"none\" is not a port; give a number from 0 to "
           "65535, or \"off\""},
          {"--ttl=-1", "--ttl: \"-1\" is not a number from 0 to 2147483647"},
          {"--ttl=2147483648",
           "--ttl: \"2147483648\" is not a number from 0 to 2147483647"},
          {"--negative-ttl=5s",
           "--negative-ttl: \"5s\" is not a number from 0 to 2147483647"},
          {"--client-qps=many",
           "--client-qps: \"many\" is not a number from 0 to 1000000000"},
          {"--client-ipv6-prefix=47",
           "--client-ipv6-prefix: \"47\" is not a number from 48 to 128"},
          {"--ede-upstreams=some",
           "--ede-upstreams: \"some\" is not one of auto, always or never"},
          {"--workers=0", "--workers: \"0\" is not a number from 1 to 256"},
          {"--pods=all",
           "--pods: \"all\" is not one of disabled, insecure or verified"},
          {"--domain=a..b",
           "--domain: \"a..b\" is not a domain name; give one such as "
           "cluster.local"},
          {"--domain=a b",
           "--domain: \"a b\" is not a domain name; give one such as "
           "cluster.local"},
          {"--domain=.",
           "--domain: \".\" is not a domain name; give one such as "
           "cluster.local"},
          {"--dns-bind-address=localhost",
           "--dns-bind-address: \"localhost\" has \"localhost\", which is "
           "not an IP address"},
          {"--nameservers=1.1.1.1,,8.8.8.8",
           "--nameservers: \"1.1.1.1,,8.8.8.8\" has an empty item; separate "
           "items with one comma"},
          {"--nameservers=dns.google",
           "--nameservers: \"dns.google\" has \"dns.google\", which is not a "
           "server; give an IP address, IP:port or [IPv6]:port"},
          {"--nameservers=1.1.1.1:0",
           "--nameservers: \"1.1.1.1:0\" has \"1.1.1.1:0\", which has no "
           "port from 1 to 65535 after the address"},
          {"--nameservers=0.0.0.0",
           "--nameservers: \"0.0.0.0\" has \"0.0.0.0\", which is not a unicast "
           "address"},
          {"--kube-master-url=10.0.0.1",
           "--kube-master-url: \"10.0.0.1\" is not a URL; give one such as "
           "https://10.0.0.1:6443"},
          {"--cache-size=many",
           "--cache-size: \"many\" is not a number from 0 to 100000000"},
          {"--cache-memory=1T",
           "--cache-memory: \"1T\" is not a size; give octets, or a number "
           "with K, M or G, such as 32M"},
          {"--probe-period=0s",
           "--probe-period: \"0s\" is too short; give at least 10ms"},
          {"--grace-period=5",
           "--grace-period: \"5\" is not a duration; give a number with a unit "
           "(ms, s, m or h) of at most a day, such as 2s or 500ms"},
          {"--grace-period=25h",
           "--grace-period: \"25h\" is not a duration; give a number with a "
           "unit (ms, s, m or h) of at most a day, such as 2s or 500ms"},
          {"--log-level=loud",
           "--log-level: \"loud\" is not one of debug, info, warning or error"},
          {"--log-queries=maybe",
           "--log-queries: \"maybe\" is neither true nor false"},
          {"--ttl=",
           "--ttl: the value is empty; give one or leave the flag out"},
          {"--ttl", "--ttl: the value is missing; write it after a space or ="},
          {"--dns-prt=1", "unknown flag --dns-prt: did you mean --dns-port?"},
          {"--frobnicate", "unknown flag --frobnicate: see canopydns --help"},
          {"-x", "unknown flag -x: see canopydns --help"},
          {"run",
           "unknown command \"run\": use serve, check or version; boolean "
           "flags take their value as --flag=false"},
      }) {
    CHECK(refusal({row.argument}) == row.text);
  }
}

TEST_CASE("a bad environment variable is named") {
  CHECK(refusal({}, {{"CANOPYDNS_ZONE_PORT", "x"}}) ==
        "environment variable CANOPYDNS_ZONE_PORT: \"x\" is not a port; give "
        "a number from 0 to 65535, or \"off\"");
}

TEST_CASE("flags that exclude each other are refused together") {
  CHECK(
      refusal({"--manifests=a", "--kubeconfig=b"}).find("cannot be combined") !=
      std::string::npos);
  CHECK(refusal({"--manifests=a", "--kube-master-url=https://b"})
            .find("cannot be combined") != std::string::npos);
  CHECK(refusal({"--kubeconfig=a", "--kube-master-url=https://b"}) ==
        "accepted");
  CHECK(refusal({"--dns-port=99", "--zone-port=99"}) ==
        "--zone-port: 99 is also --dns-port; choose another, or off");
  CHECK(refusal({"--dns-port=0", "--zone-port=0", "--healthz-port=0"}) ==
        "accepted");
  CHECK(refusal({"--dns-port=99", "--healthz-port=99"}) ==
        "--healthz-port: 99 is also a DNS port; choose another");
}

TEST_CASE("a snapshot is of an API server") {
  CHECK(parse({"--snapshot-file=/a/b"}).source.snapshot_file == "/a/b");
  CHECK(refusal({"--snapshot-file=x", "--manifests=y"}) ==
        "--manifests cannot be combined with --snapshot-file: a snapshot is of "
        "an API server's objects; leave --snapshot-file out");
}

TEST_CASE("--help names every flag within 80 columns") {
  const std::string text = help_text();
  for (const char* flag :
       {"--manifests=", "--kubeconfig=", "--dns-port=", "--zone-port=",
        "--config-dir=", "--grace-period=", "--log-queries"}) {
    CHECK(text.find(flag) != std::string::npos);
  }
  std::size_t lines = 0;
  std::size_t widest = 0;
  for (std::size_t start = 0; start < text.size(); ++lines) {
    const auto end = text.find('\n', start);
    widest = std::max(widest, end - start);
    start = end + 1;
  }
  CHECK(widest <= 80);
  CHECK(lines <= 60);
}

TEST_CASE("a cgroup's quota bounds the default of --workers") {
  const TestFolder root;
  CHECK(granted_cores(root.path()) >= 1);
  SUBCASE("version 2, in a group above ours") {
    root.write("proc/self/cgroup", "0::/pods/one\n");
    root.write("sys/fs/cgroup/pods/cpu.max", "50000 100000\n");
    root.write("sys/fs/cgroup/pods/one/cpu.max", "max 100000\n");
    CHECK(granted_cores(root.path()) == 1);
  }
  SUBCASE("version 1") {
    root.write("proc/self/cgroup", "5:cpu,cpuacct:/\n");
    root.write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "100000\n");
    root.write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    CHECK(granted_cores(root.path()) == 1);
  }
}

}  // namespace
}  // namespace canopy
