// The API server's address and our credentials: from a kubeconfig, from the
// pod's service account, or from a bare URL.
//
// Errors at start are ConfigurationErrors of one line: what is wrong, where,
// and what to do.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "healthz/environment.h"

namespace canopy::kube {

struct ApiServer {
  bool tls = true;
  std::string host;  // IPv6 without brackets
  int port = 443;
  std::string prefix;  // prefix of every path; "" or "/k8s/clusters/c-1"

  std::string url() const;
};

// "https://10.96.0.1:443"; `where` names the flag or file in the error.
ApiServer api_server_from_url(std::string_view url, std::string_view where);

// A credential plugin (client.authentication.k8s.io): a program that prints our
// credentials.
struct ExecPlugin {
  std::string command;
  std::vector<std::string> args;
  std::map<std::string, std::string> env;  // added to our environment
  std::string api_version;                 // "client.authentication.k8s.io/v1"
  std::string install_hint;
  bool provide_cluster_info = false;
  // The plugin's soft limit on open files; nothing: our limit.
  std::optional<std::uint64_t> open_files;
  std::chrono::seconds timeout{60};
};

// PEM text, inline or in a file that is read at each use.
struct PemSource {
  std::string inline_pem;
  std::filesystem::path file;

  bool is_set() const { return !inline_pem.empty() || !file.empty(); }
  // Throws ConfigurationError when the file cannot be read.
  std::string pem() const;
};

struct ClusterAccess {
  ApiServer server;
  PemSource authority;  // not set: the system's authorities
  bool insecure = false;
  std::string server_name;  // expected in the certificate; empty: the host

  std::string token;
  std::filesystem::path token_file;  // preferred to `token`
  PemSource certificate;
  PemSource key;
  std::optional<ExecPlugin> exec;
};

// `master_url`, unless empty, overrides the kubeconfig's server.
ClusterAccess access_from_kubeconfig(const std::filesystem::path& file,
                                     std::string_view master_url);

inline constexpr const char* kServiceAccountFolder =
    "/var/run/secrets/kubernetes.io/serviceaccount";
ClusterAccess access_in_cluster(const std::filesystem::path& service_account,
                                const Environment& environment);

ClusterAccess access_from_url(std::string_view url);

// The credentials for one request.
struct Identity {
  std::string token;            // empty: none
  std::string certificate_pem;  // empty: none
  std::string key_pem;

  friend bool operator==(const Identity&, const Identity&) = default;
};

// Any thread.
class Credentials {
 public:
  using Clock = std::function<std::chrono::system_clock::time_point()>;

  // Throws ConfigurationError when a certificate, key, token or authority
  // cannot be read.  Does not run the exec plugin.
  explicit Credentials(ClusterAccess access,
                       Clock clock = std::chrono::system_clock::now);

  const ClusterAccess& access() const { return access_; }
  // Reads the files again, and runs the plugin if its credential has expired.
  // Throws std::runtime_error with one line when no credentials are available.
  Identity current();
  // Call on 401.  Drops the plugin's credential, so that current() runs the
  // plugin again.
  void refused();
  // Ends a running plugin and prevents further runs.
  void stop() { stopping_ = true; }

 private:
  struct Issued {
    Identity identity;
    double expires = 0;  // seconds since the epoch; 0: never
  };

  void check() const;
  Identity from_plugin();

  const ClusterAccess access_;
  const Clock clock_;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::optional<Issued> issued_;
};

}  // namespace canopy::kube
