// The other directives of a Corefile as settings, and their errors.
#include "server/config/corefile_directives.h"

#include <doctest/doctest.h>

#include <map>

#include "server/config/command_line.h"
#include "server/config/text_values.h"
#include "tests/server/config/corefiles.h"

namespace canopy {
namespace {

Settings settings_for(const Corefiles& files) {
  CorefileSettings result = files.read();
  for (const std::string& fault : result.faults) FAIL_CHECK(fault);
  return std::move(result.settings);
}

// ":8080 127.0.0.1:9153 [::1]:9153"
std::string http_text(const std::vector<HttpAddress>& all) {
  std::string text;
  for (const HttpAddress& one : all) {
    const std::string blank = text.empty() ? "" : " ";
    if (one.addresses.empty()) text += blank + ":" + std::to_string(one.port);
    for (const Address& address : one.addresses) {
      text += text.empty() ? "" : " ";
      text += to_text(SocketAddress(address, one.port));
    }
  }
  return text;
}

std::string http_of(const std::string& directives) {
  return http_text(settings_for(one_block(directives)).http);
}

constexpr const char* kKubeadm = R"(.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30 {
       disable success cluster.local
       disable denial cluster.local
    }
    loop
    reload
    loadbalance
}
)";

TEST_CASE("kubeadm's Corefile is accepted whole") {
  const Settings settings = settings_for(kKubeadm);
  CHECK(settings.remarks.empty());
  CHECK(settings.reloads);
  CHECK_FALSE(settings_for(one_block("errors")).reloads);
  CHECK(settings.serves_cluster);
  CHECK_FALSE(settings.listen.zone_port.has_value());
  CHECK(http_text(settings.http) == ":8080 :8181 :9153");
  CHECK(settings.drain.quiet == std::chrono::seconds(5));
  CHECK(settings.records.ttl == 30);
  CHECK(settings.records.pods == PodRecords::kInsecure);
  CHECK(settings.records.reverse_zones.size() == 2);
  REQUIRE(settings.blocks.size() == 1);
  const ServerBlock& block = settings.blocks[0];
  CHECK(block.keys == std::vector<ServerKey>{{Name(), 53}});
  CHECK(block.bind.empty());
  REQUIRE(block.forwards.size() == 1);
  CHECK(block.forwards[0].to == std::vector<ForwardTarget>{"/etc/resolv.conf"});
  REQUIRE(block.cache);
  CHECK(block.cache->positive.most == 30);
  CHECK(block.cache->not_positive ==
        std::vector<Name>{*Name::from_text("cluster.local")});
}

TEST_CASE("health, ready and prometheus add HTTP listeners") {
  CHECK(http_of("errors").empty());
  CHECK(http_of("health") == ":8080");
  CHECK(http_of("ready") == ":8181");
  CHECK(http_of("prometheus") == "127.0.0.1:9153");
  CHECK(http_of("health 169.254.20.10:8080\nready [::1]:8181\n"
                "prometheus 0.0.0.0:9153") ==
        "169.254.20.10:8080 [::1]:8181 0.0.0.0:9153");
  CHECK(http_of("health localhost:1\nprometheus [::]:2") == "127.0.0.1:1 :2");
  CHECK(http_of("health :0\nready :0") == ":0 :0");
}

TEST_CASE("one port has one HTTP listener; wildcards replace addresses") {
  CHECK(http_of("health\nready :8080\nprometheus :8080") == ":8080");
  CHECK(http_of("health 127.0.0.1:1\nready :1") == ":1");
  CHECK(http_of("health :1\nready 127.0.0.1:1") == ":1");
  CHECK(http_of("health 127.0.0.1:1\nready 127.0.0.2:1") ==
        "127.0.0.1:1 127.0.0.2:1");
  CHECK(http_of("health 127.0.0.1:1\nready 127.0.0.1:1") == "127.0.0.1:1");
  CHECK(http_of("health 127.0.0.1:1\nready 0.0.0.0:1\nprometheus [::1]:1") ==
        "0.0.0.0:1 [::1]:1");
  CHECK(http_of("health 0.0.0.0:1\nready 127.0.0.1:1") == "0.0.0.0:1");
}

TEST_CASE("lameduck sets the quiet period, and the longest one counts") {
  const auto drain = [](const std::string& directives) {
    const Settings settings = settings_for(one_block(directives));
    return duration_text(settings.drain.quiet) + " " +
           duration_text(settings.drain.grace);
  };
  CHECK(drain("errors") == "5s 25s");
  CHECK(drain("health") == "5s 25s");
  CHECK(drain("health {\n lameduck 0s\n}") == "0s 25s");
  CHECK(drain("health {\n lameduck 1.5s\n}") == "1500ms 25s");
  CHECK(drain("health {\n lameduck 1m\n}") == "60s 62s");
  CHECK(drain("health {\n lameduck 9s\n}\nhealth {\n lameduck 7s\n}") ==
        "9s 25s");
}

TEST_CASE("bind has addresses and interfaces") {
  const auto bind = [](const std::string& directives) {
    const Settings settings = settings_for(one_block(directives));
    std::string text;
    for (const Address& address : settings.blocks.at(0).bind) {
      text += text.empty() ? "" : " ";
      text += address.to_string();
    }
    return text;
  };
  CHECK(bind("bind 169.254.20.10 10.96.0.10\nbind ::1 169.254.20.10") ==
        "169.254.20.10 10.96.0.10 ::1");
  CHECK(bind("bind lo").starts_with("127.0.0.1"));
  CHECK(bind("bind lo 10.0.0.1 {\n except lo\n}") == "10.0.0.1");
  CHECK(bind("bind 10.0.0.1 10.0.0.2 {\n except 10.0.0.2\n}") == "10.0.0.1");
}

TEST_CASE("log logs all queries unless only failures are wanted") {
  const auto logs = [](const std::string& directives) {
    return settings_for(one_block(directives)).log.queries;
  };
  CHECK(logs("log"));
  CHECK(logs("log ."));
  CHECK(logs("log {\n class all\n}"));
  CHECK(logs("log . {\n class denial success\n}"));
  CHECK(logs("log a.example \"{type} {name}\""));
  CHECK_FALSE(logs("log . {\n class error\n}"));
  CHECK_FALSE(logs("log {\n class denial error\n}"));
  CHECK_FALSE(logs("errors"));
}

TEST_CASE("what is not done as written is remarked on") {
  struct Row {
    std::string directive;
    std::string remark;
  };
  for (const Row& row : std::vector<Row>{
           {"log . {\n class error\n}",
            "2: log: single queries are not logged, because their class is not "
            "known yet when they are; see the metric "
            "canopydns_dns_responses_total"},
           {"log a.example",
            "2: log: names and format are ignored: one line is logged for "
            "every query"},
           {"bufsize 4096",
            "2: bufsize: 1232 is used, the limit for all answers over UDP"},
           {"import none/*.conf", "2: import none/*.conf: no file matches"},
       }) {
    CHECK(one_block(row.directive).remarks() ==
          "Corefile:" + row.remark + "\n");
  }
}

TEST_CASE("directives that ask for what is always so are accepted") {
  CHECK(one_block("any\nbufsize\nbufsize 1232\ncancel\ncancel 5s\nchaos\n"
                  "debug\nerrors {\n consolidate 5m \".* timeout$\" warning\n"
                  " stacktrace\n}\nloadbalance round_robin\nloop\nmetadata\n"
                  "minimal\nmultisocket 4\nready {\n monitor until-ready\n}\n"
                  "reload 10s 5s\nshed\ntimeouts {\n read 5s\n idle 1m\n"
                  " maxtcpqueries 10\n}")
            .remarks()
            .empty());
}

TEST_CASE("faults name the line, the directive and what to write") {
  struct Row {
    std::string directive;
    std::string fault;
  };
  for (const Row& row : std::vector<Row>{
           {"rewirte name a b",
            "2: rewirte: unknown directive; did you mean rewrite?"},
           {"kuberntes cluster.local",
            "2: kuberntes: unknown directive; did you mean kubernetes?"},
           {"Errors", "2: Errors: unknown directive; did you mean errors?"},
           {"unbound",
            "2: unbound: unknown directive; `canopydns -plugins` lists the "
            "supported ones"},
           {"proxy . /etc/resolv.conf",
            "2: proxy: was removed from CoreDNS too; write \"forward . "
            "/etc/resolv.conf\""},
           {"federation cluster.local",
            "2: federation: was removed from CoreDNS too, and Kubernetes has "
            "no federations any more; remove it"},
           {"health 8080",
            "2: health: \"8080\" has no port; give an address such as :8080 or "
            "10.0.0.1:8080"},
           {"health example.org:8080",
            "2: health: \"example.org:8080\" is not an IP address"},
           {"health {\nlameduk 5s\n}",
            "3: health: lameduk: unknown option; did you mean lameduck?"},
           {"health {\nlameduck 5\n}",
            "3: health: lameduck: \"5\" is not a duration; give a number with "
            "a unit (ms, s, m or h), such as 2s"},
           {"health {\nlameduck -5s\n}",
            "3: health: lameduck: \"-5s\" is not a duration; give a number "
            "with a unit (ms, s, m or h), such as 2s"},
           {"ready\nready :1",
            "3: ready: is already at Corefile:2; a server block may have it "
            "only once"},
           {"prometheus :99999",
            "2: prometheus: \":99999\" is not a port; give a number from 0 to "
            "65535"},
           {"loop {\na\n}", "2: loop: has no options; remove \"a\""},
           {"bind", "2: bind: takes at least 1, not 0"},
           {"bind nosuch0",
            "2: bind: \"nosuch0\" is not an IP address, and no interface with "
            "addresses has this name"},
           {"bind 10.0.0.1 {\nexcept 10.0.0.1\n}",
            "3: bind: except: leaves no address to listen on"},
           {"loadbalance weighted a.txt",
            "2: loadbalance: \"weighted a.txt\" is not supported; write "
            "loadbalance round_robin"},
           {"reload 1s",
            "2: reload: the interval is at least 2s; write \"reload\""},
           {"log {\nclass errors\n}",
            "3: log: class: \"errors\" is not one of success, denial, error or "
            "all"},
           {"bufsize 100",
            "2: bufsize: \"100\" is not a number from 512 to 4096"},
           {"tls cert.pem key.pem",
            "2: tls: is not supported: queries are only accepted over plain "
            "DNS; remove the directive"},
       }) {
    CHECK(one_block(row.directive).faults() == "Corefile:" + row.fault + "\n");
  }
}

TEST_CASE("all faults are found at once, in the order of the file") {
  CHECK(Corefiles(":53 {\n errrors\n cache 0 {\n  sucess 1\n }\n}\n"
                  "tls://a {\n import more\n}\n")
            .with("more", "forward . a.example {\n policy none\n}\n")
            .faults() ==
        "Corefile:1: key \":53\" has no zone before the port; write .:53 for "
        "all names\n"
        "Corefile:2: errrors: unknown directive; did you mean errors?\n"
        "Corefile:3: cache: \"0\" is not a number from 1 to 31536000\n"
        "Corefile:4: cache: sucess: unknown option; did you mean success?\n"
        "Corefile:7: key \"tls://a\" is not supported: queries are only "
        "accepted over plain DNS; write the key without tls://\n"
        "more:1: forward: \"a.example\" is a host name, which is not supported "
        "yet; give its IP address, or a file with its folder, such as "
        "/etc/resolv.conf\n"
        "more:2: forward: policy: \"none\" is not one of random, round_robin "
        "or sequential\n");
}

TEST_CASE("unset variables and snippets' faults are reported once") {
  CHECK(Corefiles("(a) {\n cache {$NONE}\n}\na {\n import a\n}\n"
                  "b {\n import a\n}\n")
            .faults() ==
        "Corefile:2: cache: an argument is empty; is an environment variable "
        "not set?\n");
}

TEST_CASE("each directive is known once, and each refusal says what to do") {
  std::map<std::string_view, int> names;
  for (const CorefileRow& row : kDirectives.rows) {
    CAPTURE(row.name);
    CHECK(++names[row.name] == 1);
    CHECK((row.read != nullptr) == row.why_not.empty());
  }
  // CoreDNS 1.15.0's, in its order.
  for (const char* name :
       {"root",       "metadata", "geoip",   "cancel",      "proxyproto",
        "quic",       "https",    "https3",  "timeouts",    "multisocket",
        "reload",     "nsid",     "bufsize", "bind",        "debug",
        "trace",      "ready",    "health",  "pprof",       "shed",
        "prometheus", "errors",   "log",     "dnstap",      "local",
        "dns64",      "any",      "chaos",   "loadbalance", "tsig",
        "rewrite",    "autopath", "acl",     "cache",       "header",
        "dnssec",     "tls",      "minimal", "template",    "transfer",
        "hosts",      "route53",  "azure",   "clouddns",    "k8s_external",
        "kubernetes", "file",     "auto",    "secondary",   "etcd",
        "loop",       "forward",  "grpc",    "erratic",     "whoami",
        "on",         "sign",     "view",    "nomad"}) {
    CAPTURE(name);
    CHECK(names[name] == 1);
  }
}

TEST_CASE("what has no effect, or another than was meant, is said") {
  const auto says = [](const std::string& directive, const char* what) {
    const std::string remarks = one_block(directive).remarks();
    INFO(remarks);
    return remarks.find("Corefile:2: ") == 0 &&
           remarks.find(what) != std::string::npos;
  };
  CHECK(says("cache 3600s", "for seconds write cache 3600"));
  CHECK(says("autopath @kubernetes", "no effect yet"));
  CHECK(says("pprof", "no effect"));
  CHECK(one_block("cache 3600").remarks().empty());
  CHECK(one_block("cache 30 example.org").remarks().empty());
}

TEST_CASE("-plugins lists the supported directives") {
  const std::string text = directives_text();
  CHECK(text.find("  kubernetes\n") != std::string::npos);
  CHECK(text.find("route53") == std::string::npos);
  CHECK(text.find("import") != std::string::npos);
}

Settings parse_with(std::vector<std::string> arguments, const Corefiles& files,
                    const std::map<std::string, std::string>& variables = {}) {
  arguments.insert(arguments.begin(), {"-conf", files.path()});
  return parse_command_line(
      arguments, [&](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        if (found == variables.end()) return std::nullopt;
        return found->second;
      });
}

std::string refusal_with(
    const std::vector<std::string>& arguments, const Corefiles& files,
    const std::map<std::string, std::string>& variables = {}) {
  try {
    parse_with(arguments, files, variables);
  } catch (const ConfigurationError& error) {
    return files.without_folder(error.what());
  }
  return "accepted";
}

TEST_CASE("-conf takes CoreDNS's command line") {
  const Corefiles files = one_block("health");
  CHECK(parse_with({}, files).blocks.at(0).keys.at(0).port == 53);
  const Corefiles no_port = {". {\n}\n"};
  for (const std::vector<std::string>& port :
       std::vector<std::vector<std::string>>{{"-dns.port", "5353"},
                                             {"--dns.port=5353"},
                                             {"-dns.port=5353"},
                                             {"-p", "5353"},
                                             {"-p=5353"},
                                             {"--p", "5353"}}) {
    CHECK(parse_with(port, no_port).blocks.at(0).keys.at(0).port == 5353);
  }
  const Settings settings = parse_with(
      {"-quiet", "-pidfile", "/run/a.pid", "-log-format=json"}, files);
  CHECK(settings.remarks ==
        std::vector<std::string>{
            "--quiet is ignored: --log-level=warning hides start-up lines",
            "--pidfile is ignored: no file is written; the service manager "
            "knows the process",
            "--log-format is ignored: log lines are always plain text"});
  CHECK(http_text(settings.http) == ":8080");
  CHECK(settings.listen.zone_port == std::nullopt);
  CHECK(parse_with({"-plugins"}, files).command == Command::kPlugins);
  CHECK(parse_with({"-version"}, files).command == Command::kVersion);
  CHECK(parse_with({}, one_block("errors")).http.empty());
}

TEST_CASE("flags that a Corefile replaces name the directive to use") {
  const Corefiles files = one_block("errors");
  const std::string start = " cannot be combined with -conf: ";
  CHECK(refusal_with({"--ttl=5"}, files) ==
        "--ttl" + start + "use the option ttl of the directive kubernetes");
  CHECK(refusal_with({"--dns-bind-address=::1"}, files) ==
        "--dns-bind-address" + start + "use the directive bind");
  CHECK(refusal_with({"--zone-port=off"}, files) ==
        "--zone-port" + start + "a Corefile has no zone tier; leave it out");
  CHECK(refusal_with({}, files, {{"CANOPYDNS_DOMAIN", "a.example"}}) ==
        "environment variable CANOPYDNS_DOMAIN" + start +
            "use the directive kubernetes");
  for (const char* flag :
       {"--domain=a", "--negative-ttl=1", "--pods=disabled", "--namespaces=a",
        "--namespace-labels=a", "--labels=a", "--nameservers=192.0.2.1",
        "--resolv-conf=a", "--config-dir=a", "--healthz-port=1",
        "--endpoint-pod-names", "--ignore-empty-service", "--log-queries",
        "--quiet-period=1s"}) {
    CHECK(refusal_with({flag}, files).find(start) != std::string::npos);
  }
  CHECK(refusal_with(
            {"--kubeconfig=a", "--cache-memory=64M", "--workers=2",
             "--log-level=debug", "--snapshot-file=a", "--client-qps=5",
             "--probe-period=1s", "--watchdog=0", "--query-case=never",
             "--ede-upstreams=never", "--cache-size=5", "--grace-period=9s"},
            files) == "accepted");
}

TEST_CASE("serve reports the first fault, check all of them") {
  const Corefiles files = one_block("errrors\ncach 30\nloop 1");
  CHECK(refusal_with({}, files) ==
        "Corefile:2: errrors: unknown directive; did you mean errors? (and 2 "
        "more; `canopydns check -conf Corefile` lists all)");
  CHECK(refusal_with({}, one_block("errrors")) ==
        "Corefile:2: errrors: unknown directive; did you mean errors?");
  CHECK(parse_with({"check"}, files).faults.size() == 3);
  CHECK(parse_with({"check"}, one_block("errors")).faults.empty());
  CHECK(parse_with({"check", "--manifests=a"}, one_block("errors"))
            .source.manifests == std::vector<std::string>{"a"});
}

}  // namespace
}  // namespace canopy
