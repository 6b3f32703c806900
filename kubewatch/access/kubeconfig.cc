// Reads the current context of a kubeconfig into ClusterAccess.
#include <yaml-cpp/yaml.h>

#include <string>

#include "healthz/configuration_error.h"
#include "healthz/read_file.h"
#include "kubewatch/access/base64.h"
#include "kubewatch/access/credentials.h"

namespace canopy::kube {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxKubeconfig = 2 << 20;

class Kubeconfig {
 public:
  explicit Kubeconfig(const fs::path& file) : file_(file) {
    const FileText read = read_file(file, kMaxKubeconfig);
    if (!read.ok()) fail(read.fault + "; check the path and its permissions");
    try {
      root_ = YAML::Load(read.text);
    } catch (const YAML::Exception& error) {
      throw ConfigurationError(file.string() + ":" +
                               std::to_string(error.mark.line + 1) + ":" +
                               std::to_string(error.mark.column + 1) + ": " +
                               error.msg + "; a kubeconfig is YAML or JSON");
    }
    if (!root_.IsMap()) fail("is not a kubeconfig");
  }

  ClusterAccess access(std::string_view master_url) const {
    const std::string context_name = text(root_, "current-context");
    if (context_name.empty()) {
      fail("has no current-context; set one with kubectl config use-context");
    }
    const YAML::Node context = entry("contexts", context_name, "context");
    ClusterAccess access;
    read_cluster(entry("clusters", text(context, "cluster"), "cluster"),
                 master_url, access);
    const std::string user = text(context, "user");
    if (!user.empty()) read_user(entry("users", user, "user"), access);
    return access;
  }

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw ConfigurationError(file_.string() + ": " + why);
  }

  std::string text(const YAML::Node& node, const char* name) const {
    const YAML::Node found = node[name];
    if (!found || found.IsNull()) return {};
    if (!found.IsScalar()) fail(std::string(name) + " must be a string");
    return found.Scalar();
  }

  bool flag(const YAML::Node& node, const char* name) const {
    const std::string value = text(node, name);
    if (value.empty() || value == "false") return false;
    if (value != "true") fail(std::string(name) + " must be true or false");
    return true;
  }

  // The value of `inner` in the entry called `name` of the list `list`.
  YAML::Node entry(const char* list, const std::string& name,
                   const char* inner) const {
    const YAML::Node entries = root_[list];
    if (entries && entries.IsSequence()) {
      for (const YAML::Node& item : entries) {
        if (!item.IsMap() || text(item, "name") != name) continue;
        const YAML::Node found = item[inner];
        if (found && found.IsMap()) return found;
        if (!found || found.IsNull()) return YAML::Node(YAML::NodeType::Map);
        fail(std::string(inner) + " \"" + name + "\" is not a mapping");
      }
    }
    fail(std::string("there is no ") + inner + " \"" + name + "\" in " + list);
  }

  fs::path path(const std::string& name) const {
    if (name.empty()) return {};
    return file_.parent_path() / name;  // absolute paths stay
  }

  // "NAME-data" is preferred to "NAME", as in client-go.
  PemSource pem(const YAML::Node& node, const std::string& name) const {
    PemSource source;
    const std::string data = text(node, (name + "-data").c_str());
    if (data.empty()) {
      source.file = path(text(node, name.c_str()));
      return source;
    }
    const auto decoded = from_base64(data);
    if (!decoded || decoded->empty()) {
      fail(name + "-data is not base64; encode the PEM file with base64 -w0");
    }
    source.inline_pem = *decoded;
    return source;
  }

  void read_cluster(const YAML::Node& cluster, std::string_view master_url,
                    ClusterAccess& access) const {
    if (!text(cluster, "proxy-url").empty()) {
      fail(
          "proxy-url is not supported; remove it and reach the API server "
          "directly");
    }
    const std::string server = text(cluster, "server");
    if (!master_url.empty()) {
      access.server = api_server_from_url(master_url, "--kube-master-url");
    } else if (server.empty()) {
      fail("the cluster has no server");
    } else {
      access.server = api_server_from_url(server, file_.string() + ": server");
    }
    access.authority = pem(cluster, "certificate-authority");
    access.insecure = flag(cluster, "insecure-skip-tls-verify");
    access.server_name = text(cluster, "tls-server-name");
  }

  void read_user(const YAML::Node& user, ClusterAccess& access) const {
    if (user["auth-provider"]) {
      fail("auth-provider is not supported; use an exec plugin");
    }
    if (!text(user, "username").empty()) {
      fail(
          "username and password are not supported; use a token or a client "
          "certificate");
    }
    for (const char* field : {"as", "as-uid", "as-groups"}) {
      if (!user[field]) continue;
      fail(std::string(field) +
           " (impersonation) is not supported; use a user that has the rights "
           "itself");
    }
    access.token = text(user, "token");
    access.token_file = path(text(user, "tokenFile"));
    access.certificate = pem(user, "client-certificate");
    access.key = pem(user, "client-key");
    if (access.certificate.is_set() != access.key.is_set()) {
      fail("client-certificate and client-key must come together");
    }
    if (const YAML::Node exec = user["exec"]; exec && exec.IsMap()) {
      access.exec = read_exec(exec);
    }
  }

  ExecPlugin read_exec(const YAML::Node& exec) const {
    ExecPlugin plugin;
    plugin.command = text(exec, "command");
    if (plugin.command.empty()) fail("exec has no command");
    // PATH is searched only for names without a slash.
    if (plugin.command.find('/') != std::string::npos) {
      plugin.command = path(plugin.command).string();
    }
    plugin.api_version = text(exec, "apiVersion");
    if (plugin.api_version != "client.authentication.k8s.io/v1" &&
        plugin.api_version != "client.authentication.k8s.io/v1beta1") {
      fail("exec apiVersion \"" + plugin.api_version +
           "\" is not supported; use client.authentication.k8s.io/v1");
    }
    plugin.install_hint = text(exec, "installHint");
    plugin.provide_cluster_info = flag(exec, "provideClusterInfo");
    if (const YAML::Node args = exec["args"]; args && args.IsSequence()) {
      for (const YAML::Node& arg : args) {
        if (!arg.IsScalar()) fail("exec args must be strings");
        plugin.args.push_back(arg.Scalar());
      }
    }
    if (const YAML::Node env = exec["env"]; env && env.IsSequence()) {
      for (const YAML::Node& item : env) {
        if (!item.IsMap()) fail("exec env must hold name and value");
        plugin.env[text(item, "name")] = text(item, "value");
      }
    }
    return plugin;
  }

  fs::path file_;
  YAML::Node root_;
};

}  // namespace

ClusterAccess access_from_kubeconfig(const fs::path& file,
                                     std::string_view master_url) {
  return Kubeconfig(file).access(master_url);
}

}  // namespace canopy::kube
