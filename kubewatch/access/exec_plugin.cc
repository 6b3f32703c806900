#include "kubewatch/access/exec_plugin.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <utility>

#include "healthz/json.h"
#include "kubewatch/access/base64.h"
#include "kubewatch/objects/rfc3339.h"

extern char** environ;

namespace canopy::kube {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kMaxOutput = 1 << 20;
constexpr int kLookEvery = 50;  // milliseconds

[[noreturn]] void fail(const ExecPlugin& plugin, const std::string& why) {
  std::string text = "exec plugin \"" + plugin.command + "\": " + why;
  if (!plugin.install_hint.empty()) {
    text += " (" +
            plugin.install_hint.substr(0, plugin.install_hint.find('\n')) + ")";
  }
  throw std::runtime_error(text);
}

// The plugin's input, in KUBERNETES_EXEC_INFO.
std::string exec_info(const ExecPlugin& plugin, const ClusterAccess& access) {
  std::string text;
  json::Writer info(text);
  info.object().key("apiVersion").text(plugin.api_version);
  info.key("kind").text("ExecCredential");
  info.key("spec").object().key("interactive").truth(false);
  if (plugin.provide_cluster_info) {
    info.key("cluster").object().key("server").text(access.server.url());
    if (!access.server_name.empty()) {
      info.key("tls-server-name").text(access.server_name);
    }
    if (access.insecure) info.key("insecure-skip-tls-verify").truth(true);
    if (access.authority.is_set()) {
      info.key("certificate-authority-data")
          .text(to_base64(access.authority.pem()));
    }
    info.end_object();
  }
  info.end_object().end_object();
  return text;
}

std::vector<std::string> environment(const ExecPlugin& plugin,
                                     const ClusterAccess& access) {
  std::map<std::string, std::string> added = plugin.env;
  added["KUBERNETES_EXEC_INFO"] = exec_info(plugin, access);
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string name(text.substr(0, text.find('=')));
    if (added.count(name) == 0) all.emplace_back(text);
  }
  for (const auto& [name, value] : added) {
    all.emplace_back(name).append("=").append(value);
  }
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  all.reserve(texts.size() + 1);
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

// The child's steps between fork and exec.  Only system calls are allowed,
// because other threads may have held any lock at the fork.
struct Birth {
  const char* command;
  char* const* argv;
  char* const* env;
  int output;
  int failure;  // receives errno if exec fails
  std::optional<std::uint64_t> open_files;

  [[noreturn]] void become() const {
    ::setpgid(0, 0);  // its children are killed with it
    ::signal(SIGPIPE, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    limit_files();
    const int null = ::open("/dev/null", O_RDONLY);
    if (null >= 0 && ::dup2(null, 0) == 0 && ::dup2(output, 1) == 1) {
      ::execvpe(command, argv, env);
    }
    const int error = errno;
    const ssize_t written = ::write(failure, &error, sizeof error);
    ::_exit(written == sizeof error ? 127 : 126);
  }

  void limit_files() const {
    rlimit limit{};
    if (!open_files || ::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = std::min<rlim_t>(*open_files, limit.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
};

// A running plugin, with its standard output and its exit status.
class Child {
 public:
  Child(const ExecPlugin& plugin, const ClusterAccess& access) {
    int output[2];
    int failure[2];
    if (::pipe2(output, O_CLOEXEC) != 0) fail(plugin, std::strerror(errno));
    if (::pipe2(failure, O_CLOEXEC) != 0) {
      const int error = errno;
      ::close(output[0]);
      ::close(output[1]);
      fail(plugin, std::strerror(error));
    }
    output_ = output[0];
    int error = start(plugin, access, output[1], failure[1]);
    ::close(output[1]);
    ::close(failure[1]);
    if (error == 0) error = reported(failure[0]);
    ::close(failure[0]);
    if (error == 0) return;
    end();
    fail(plugin, std::string("cannot be run: ") + std::strerror(error));
  }
  ~Child() { end(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  int output() const { return output_; }
  // The exit status from waitpid(); nothing while the plugin runs.
  std::optional<int> exit_status() {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
    pid_ = -1;
    return status;
  }

 private:
  int start(const ExecPlugin& plugin, const ClusterAccess& access, int output,
            int failure) {
    std::vector<std::string> argv_texts{plugin.command};
    argv_texts.insert(argv_texts.end(), plugin.args.begin(), plugin.args.end());
    std::vector<std::string> env_texts = environment(plugin, access);
    const std::vector<char*> argv = pointers(argv_texts);
    const std::vector<char*> env = pointers(env_texts);
    const Birth birth{
        plugin.command.c_str(), argv.data(), env.data(), output, failure,
        plugin.open_files};
    // posix_spawn cannot set resource limits.
    pid_ = ::fork();
    if (pid_ == 0) birth.become();
    return pid_ < 0 ? errno : 0;
  }

  // The errno of a child whose exec failed; 0 when exec succeeded.
  static int reported(int failure) {
    int error = 0;
    ssize_t size = 0;
    do {
      size = ::read(failure, &error, sizeof error);
    } while (size < 0 && errno == EINTR);
    return size == sizeof error ? error : 0;
  }

  void end() {
    ::close(output_);
    if (pid_ <= 0) return;
    ::kill(-pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  pid_t pid_ = -1;
  int output_ = -1;
};

// The time limit, and a flag that ends the wait early.
struct Patience {
  SteadyClock::time_point end;
  const std::atomic<bool>& stop;

  void check(const ExecPlugin& plugin) const {
    if (stop) fail(plugin, "stopped, because this process is stopping");
    if (SteadyClock::now() > end) {
      fail(plugin,
           "no answer within " + std::to_string(plugin.timeout.count()) + " s");
    }
  }
};

std::string read_all(const ExecPlugin& plugin, const Child& child,
                     const Patience& patience) {
  std::string text;
  for (;;) {
    patience.check(plugin);
    pollfd ready{child.output(), POLLIN, 0};
    if (::poll(&ready, 1, kLookEvery) <= 0) continue;
    char buffer[4096];
    const ssize_t size = ::read(child.output(), buffer, sizeof buffer);
    if (size == 0) return text;
    if (size < 0 && errno != EINTR) fail(plugin, std::strerror(errno));
    if (size > 0) text.append(buffer, static_cast<std::size_t>(size));
    if (text.size() > kMaxOutput)
      fail(plugin, "its output is larger than 1 MiB");
  }
}

// The plugin closed its output, so it should end soon.
int wait_for(const ExecPlugin& plugin, Child& child, const Patience& patience) {
  for (;;) {
    if (const auto status = child.exit_status()) return *status;
    patience.check(plugin);
    ::poll(nullptr, 0, 1);
  }
}

std::string text_at(const YAML::Node& node, const char* name) {
  const YAML::Node found = node[name];
  return found && found.IsScalar() ? found.Scalar() : std::string();
}

}  // namespace

ExecCredential decode_exec_credential(const std::string& text,
                                      const std::string& api_version) {
  const YAML::Node root = [&] {
    try {
      return YAML::Load(text);  // JSON is YAML
    } catch (const YAML::Exception& error) {
      throw std::runtime_error("its output is not JSON: " + error.msg);
    }
  }();
  if (!root.IsMap() || text_at(root, "kind") != "ExecCredential") {
    throw std::runtime_error("its output is not an ExecCredential");
  }
  if (text_at(root, "apiVersion") != api_version) {
    throw std::runtime_error(
        "its output has apiVersion \"" + text_at(root, "apiVersion") +
        "\", the kubeconfig requires \"" + api_version + "\"");
  }
  const YAML::Node status = root["status"];
  if (!status || !status.IsMap()) {
    throw std::runtime_error("its ExecCredential has no status");
  }
  ExecCredential found;
  found.identity = {text_at(status, "token"),
                    text_at(status, "clientCertificateData"),
                    text_at(status, "clientKeyData")};
  found.expires = seconds_from_rfc3339(text_at(status, "expirationTimestamp"));
  if (found.identity.token.empty() && found.identity.certificate_pem.empty()) {
    throw std::runtime_error(
        "its ExecCredential has no token and no client certificate");
  }
  return found;
}

ExecCredential run_exec_plugin(const ExecPlugin& plugin,
                               const ClusterAccess& access,
                               const std::atomic<bool>& stop) {
  Child child(plugin, access);
  const Patience patience{SteadyClock::now() + plugin.timeout, stop};
  const std::string text = read_all(plugin, child, patience);
  const int status = wait_for(plugin, child, patience);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    fail(plugin, WIFEXITED(status)
                     ? "exit status " + std::to_string(WEXITSTATUS(status))
                     : std::string("killed by a signal"));
  }
  try {
    return decode_exec_credential(text, plugin.api_version);
  } catch (const std::runtime_error& error) {
    fail(plugin, error.what());
  }
}

}  // namespace canopy::kube
