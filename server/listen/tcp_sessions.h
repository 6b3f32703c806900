// The connections of one worker, the longest idle first.  On its thread only.
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
  // Memory of whichever session is being read; none keeps it.
  std::span<std::uint8_t> read_buffer() { return read_buffer_; }
  // Likewise, of the session whose messages are being taken.
  TcpBatch& batch() { return batch_; }

  // Makes room if a limit is reached, by closing the connection that has been
  // idle longest: any, or the client's own if only its share is used up.  False
  // when none is idle: close the new one.
  bool admit(Client client);
  // Closes the connection that has been idle longest, if any is idle.
  bool close_idlest();
  // After admit() only.
  void add(std::shared_ptr<TcpSession> session);
  // The session has just been active.
  void touch(TcpSession& session);
  void remove(TcpSession& session);

  // Each closes when its questions are answered.
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
