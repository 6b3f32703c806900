// The user that a process started as root switches to (--user) once its ports
// are bound.  Main thread, before other threads are started.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

namespace canopy {

struct ProcessUser {
  std::string text;  // as it was given
  uid_t uid = 0;
  gid_t gid = 0;
};

// Parses "nobody", "nobody:nogroup" or "65532:65532".  Without a group: the
// user's primary group, or for a number without a user the same number.  Throws
// ConfigurationError.
ProcessUser process_user_value(std::string_view text);

// For good: no program that is run gains privileges (no_new_privs).  Before the
// first thread is made, for threads inherit it, and nothing sets it for others.
// Throws ConfigurationError.
void give_up_new_privileges(const ProcessUser& user);
// Permanently: user, group, no other groups, no capabilities.  Does nothing if
// the process has that user already.  Throws ConfigurationError.
void become(const ProcessUser& user);

}  // namespace canopy
