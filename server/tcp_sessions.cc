#include "server/tcp_sessions.h"

#include <algorithm>

namespace canopy {

bool TcpSessions::admit() {
  if (count_.take()) return true;
  if (close_idlest() && count_.take()) return true;
  counters_.tcp_refused.add();
  return false;
}

bool TcpSessions::close_idlest() {
  // Only the first few: under attack the others are as busy.
  constexpr int kLooks = 16;
  int looks = 0;
  for (const auto& session : sessions_) {
    if (++looks > kLooks) break;
    if (!session->is_idle()) continue;
    counters_.tcp_idle_closed.add();
    std::shared_ptr<TcpSession>(session)->close();
    return true;
  }
  return false;
}

void TcpSessions::add(std::shared_ptr<TcpSession> session) {
  counters_.tcp_connections.add();
  TcpSession& added = *session;
  added.place_ = sessions_.insert(sessions_.end(), std::move(session));
  added.start();
}

void TcpSessions::touch(TcpSession& session) {
  sessions_.splice(sessions_.end(), sessions_, session.place_);
}

void TcpSessions::remove(TcpSession& session) {
  sessions_.erase(session.place_);
  count_.give_back();
}

void TcpSessions::wind_down() {
  const auto all = sessions_;
  for (const auto& session : all) session->wind_down();
}

void TcpSessions::close_all() {
  while (!sessions_.empty()) {
    std::shared_ptr<TcpSession>(sessions_.front())->close();
  }
}

}  // namespace canopy
