// The user that a process started as root switches to (--user) once its ports
// are bound.  Main thread, before other threads start.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

namespace canopy {

struct ProcessUser {
  std::string text;  // as the operator wrote it
  uid_t uid = 0;
  gid_t gid = 0;
};

// Parses "nobody", "nobody:nogroup" or "65532:65532".  If no group is given,
// uses the user's primary group.  If the number belongs to no user, uses the
// same number as group.  Throws ConfigurationError.
ProcessUser process_user_value(std::string_view text);

// Sets no_new_privs: no child process can gain privileges.  Permanent.  Call
// before the first thread starts, because threads inherit the flag and it
// cannot be set for other threads.  Throws ConfigurationError.
void give_up_new_privileges(const ProcessUser& user);
// Permanently sets the user and group, and drops other groups and all
// capabilities.  Does nothing if the process already has that user.  Throws
// ConfigurationError.
void become(const ProcessUser& user);

}  // namespace canopy
