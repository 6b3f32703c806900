// The connections of one worker, ordered by idle time, longest first.  On the
// worker's thread only.
#pragma once

#include <array>
#include <list>
#include <memory>
#include <span>

#include "server/limits/memory_budget.h"
#include "server/listen/tcp_batch.h"
#include "server/listen/tcp_session.h"
#include "server/listen/tcp_settings.h"
#include "server/observe/query_counters.h"

namespace canopy {

class TcpSessions {
 public:
  TcpSessions(const TcpSettings& settings, TcpConnectionCount& count,
              MemoryBudget& budget, QueryCounters& counters)
      : settings_(settings),
        count_(count),
        budget_(budget),
        counters_(counters) {}
  ~TcpSessions() { close_all(); }
  TcpSessions(const TcpSessions&) = delete;
  TcpSessions& operator=(const TcpSessions&) = delete;

  const TcpSettings& settings() const { return settings_; }
  MemoryBudget& budget() { return budget_; }
  // A buffer that all sessions share; no session keeps its contents.
  std::span<std::uint8_t> read_buffer() { return read_buffer_; }
  // The batch that all sessions share; one session uses it at a time.
  TcpBatch& batch() { return batch_; }

  // If a limit is reached, closes the connection that has been idle longest.
  // If only the client's share is used up, closes one of the client's own.
  // Returns false when none is idle; the caller must then close the new
  // connection.
  bool admit(Client client);
  // Closes the connection that has been idle longest, if any is idle.
  bool close_idlest();
  // REQUIRES: admit() returned true.
  void add(std::shared_ptr<TcpSession> session);
  // Records activity of the session.
  void touch(TcpSession& session);
  void remove(TcpSession& session);

  // Closes each session after its queries are answered.
  void wind_down();
  void close_all();
  bool empty() const { return sessions_.empty(); }

 private:
  bool close_idlest_of(Client client);
  void close_idle(TcpSession& session);

  const TcpSettings settings_;
  TcpConnectionCount& count_;
  MemoryBudget& budget_;
  QueryCounters& counters_;
  std::array<std::uint8_t, 16 << 10> read_buffer_;
  TcpBatch batch_;
  std::list<std::shared_ptr<TcpSession>> sessions_;
};

}  // namespace canopy
