#include "server/machine/process_user.h"

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <optional>
#include <system_error>

#include "healthz/configuration_error.h"

namespace canopy {
namespace {

std::optional<std::uint32_t> number_of(std::string_view text) {
  std::uint32_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  // setresuid() takes ~0U as "no change".
  if (error != std::errc() || stop != end || number == ~0U) return std::nullopt;
  return number;
}

gid_t group_of(const std::string& group) {
  if (const auto number = number_of(group)) return *number;
  // getgrnam() is safe here, because no other thread runs yet.
  if (const auto* const found = ::getgrnam(group.c_str())) {
    return found->gr_gid;
  }
  throw ConfigurationError(
      "has a group that this machine does not have; give a group name or "
      "number");
}

[[noreturn]] void fail(const ProcessUser& user, const std::string& why) {
  throw ConfigurationError("--user=" + user.text + ": " + why +
                           "; start as root, or leave the flag out");
}

[[noreturn]] void cannot(const ProcessUser& user, const char* what) {
  fail(user, std::string(what) + ": " + std::generic_category().message(errno));
}

}  // namespace

ProcessUser process_user_value(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string name(text.substr(0, colon));
  ProcessUser user{.text = std::string(text)};
  const auto number = number_of(name);
  const passwd* const found =
      number ? ::getpwuid(*number) : ::getpwnam(name.c_str());
  if (found != nullptr) {
    user.uid = found->pw_uid;
    user.gid = found->pw_gid;
  } else if (number) {
    user.uid = *number;
    user.gid = *number;
  } else {
    throw ConfigurationError(
        "is not a user of this machine; give a user name or number");
  }
  if (colon != std::string_view::npos) {
    user.gid = group_of(std::string(text.substr(colon + 1)));
  }
  return user;
}

void give_up_new_privileges(const ProcessUser& user) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    cannot(user, "cannot set no_new_privs");
  }
}

void become(const ProcessUser& user) {
  if (::geteuid() != 0) {
    if (::geteuid() == user.uid) return;
    fail(user, "only root can change to another user");
  }
  // The order matters: each call removes the right to make the earlier ones.
  if (::setgroups(1, &user.gid) != 0)
    cannot(user, "cannot drop the other groups");
  if (::setresgid(user.gid, user.gid, user.gid) != 0)
    cannot(user, "cannot set the group ID");
  if (::setresuid(user.uid, user.uid, user.uid) != 0)
    cannot(user, "cannot set the user ID");
  if (user.uid != 0 && ::setuid(0) == 0) {
    fail(user, "root privileges could be regained");
  }
}

}  // namespace canopy
