#include "healthz/guarded.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <mutex>

#include "healthz/log.h"

namespace canopy {
namespace {

struct Caught {
  std::uint64_t count = 0;
  std::string last;
};

struct Register {
  std::mutex mutex;
  std::map<std::string, Caught> threads;
};

// Never destroyed, because threads may still run while the process exits.
Register& all() {
  static auto* const kept = new Register;
  return *kept;
}

void note(const std::string& thread, const std::string& what) {
  {
    const std::lock_guard lock(all().mutex);
    Caught& caught = all().threads[thread];
    ++caught.count;
    if (caught.last == what) return;
    caught.last = what;
  }
  log_error(
      "{}: unexpected error, please report it: {}; continuing with the "
      "previous state",
      thread, what);
}

// Uses neither locks nor the heap: the throwing code may hold a lock, and the
// heap may be exhausted.
void print_now(const char* what) {
  std::array<char, 16> thread{};
  pthread_getname_np(pthread_self(), thread.data(), thread.size());
  std::array<char, 1024> line{};
  const int size = std::snprintf(line.data(), line.size(),
                                 "canopydns: aborting: thread %s: %.800s\n",
                                 thread.data(), what);
  pollfd ready{STDERR_FILENO, POLLOUT, 0};
  if (size <= 0 || ::poll(&ready, 1, 0) != 1) return;
  if (::write(STDERR_FILENO, line.data(), static_cast<std::size_t>(size)) < 0) {
    return;  // stderr is closed or broken
  }
}

[[noreturn]] void on_terminate() {
  try {
    if (const auto thrown = std::current_exception()) {
      std::rethrow_exception(thrown);
    }
    print_now("std::terminate without an exception");
  } catch (const std::exception& error) {
    print_now(error.what());
  } catch (...) {
    print_now("an exception that is not a std::exception");
  }
  std::abort();
}

}  // namespace

bool guarded(const std::string& thread, const std::function<void()>& step) {
  try {
    step();
    return true;
  } catch (const std::exception& error) {
    note(thread, error.what());
  } catch (...) {
    note(thread, "an exception that is not a std::exception");
  }
  return false;
}

std::map<std::string, std::uint64_t> caught_exceptions() {
  const std::lock_guard lock(all().mutex);
  std::map<std::string, std::uint64_t> counts;
  for (const auto& [thread, caught] : all().threads) {
    counts[thread] = caught.count;
  }
  return counts;
}

void name_uncaught_exceptions() { std::set_terminate(on_terminate); }

}  // namespace canopy
