#include "server/listen/tcp_sessions.h"

#include <algorithm>

namespace canopy {

bool TcpSessions::admit(Client client) {
  const auto is_admitted = [&] {
    return count_.take(client) == Admission::kAdmitted;
  };
  switch (count_.take(client)) {
    case Admission::kAdmitted:
      return true;
    case Admission::kShareUsed:
      if (close_idlest_of(client) && is_admitted()) return true;
      counters_.tcp_over_share.add();
      return false;
    case Admission::kFull:
      if (close_idlest() && is_admitted()) return true;
      counters_.tcp_full.add();
      return false;
  }
  return false;
}

bool TcpSessions::close_idlest() {
  // Looks only at the first few: in an attack the others are as busy.
  constexpr int kLooks = 16;
  int looks = 0;
  for (const auto& session : sessions_) {
    if (++looks > kLooks) break;
    if (!session->is_idle()) continue;
    close_idle(*session);
    return true;
  }
  return false;
}

bool TcpSessions::close_idlest_of(Client client) {
  const auto found =
      std::find_if(sessions_.begin(), sessions_.end(), [&](const auto& one) {
        return one->client() == client && one->is_idle();
      });
  if (found == sessions_.end()) return false;
  close_idle(**found);
  return true;
}

void TcpSessions::close_idle(TcpSession& session) {
  counters_.tcp_idle_closed.add();
  const auto keep = session.shared_from_this();
  session.close();
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
  count_.give_back(session.client());
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
