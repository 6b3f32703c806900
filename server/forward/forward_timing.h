// The times of forwarding.  A client's resolver waits 5 seconds and then asks
// again.
#pragma once

#include <chrono>
#include <cstddef>

namespace canopy {

// Without an answer for a while, the next upstream is asked too, or the only
// one again.  An answer to the earlier question still counts.  How long a
// while: by what the upstream usually takes, within these bounds; twice as
// long each time all have been asked.
inline constexpr std::chrono::milliseconds kSoonestRetry{150};
inline constexpr std::chrono::milliseconds kLatestRetry{400};
// Of one question at one upstream, over UDP (RFC 9520 3.1); then once over TCP,
// where it cannot get lost in a full buffer.
inline constexpr int kMostAttempts = 3;
// Over TCP for the rest of a truncated answer, each on a connection of its own.
inline constexpr int kMostTcpAttempts = 2;
// Then a client would rather have a stale answer (RFC 8767 5).
inline constexpr std::chrono::milliseconds kClientPatience{1'800};
// In all, for one question: with two ticks the client has its answer within
// 4.0 s.
inline constexpr std::chrono::milliseconds kBudget{3'900};
// How long one message waits for its answer: longer than anything above.
inline constexpr std::chrono::milliseconds kPatience{4'100};
// What an upstream does not take, EDNS or random case, is left out for this
// long; then one question tries it again.
inline constexpr std::chrono::milliseconds kLeaveOut{60'000};

// A name may be dead while its upstream is well, so clients' questions only
// raise doubt.  A health check, a question of our own, then decides: an
// upstream is down when clients' questions failed, nothing was answered since,
// and this many checks in a row failed too.  So 1 s of silence is enough.
inline constexpr int kChecksToDown = 2;
// A check that is not answered within this time has failed, and the next may be
// sent.  So there are at most two a second for each upstream and domain.
inline constexpr std::chrono::milliseconds kCheckWait{500};
// Errors come at once: after this many without an answer between them, and one
// failed check, an upstream is down.
inline constexpr int kFailuresToDown = 3;
// The same number of questions refused that other upstreams answered, if the
// upstream refuses its checks as well; else they must go on for this long.
inline constexpr std::chrono::milliseconds kRefusalsToDown{10'000};
// An upstream that drops health checks, but answered anything within this time,
// is up.
inline constexpr std::chrono::milliseconds kAnswersCount{10'000};
// While an upstream is down, checks and copies of clients' questions find out
// whether it is back: at first soon, then less and less often.  No client waits
// for those.
inline constexpr std::chrono::milliseconds kFirstProbe{1'000};
inline constexpr std::chrono::milliseconds kLastProbe{10'000};
// After a failed check a down upstream is taken to answer nothing for this
// long: until the next check has failed as well.
inline constexpr std::chrono::milliseconds kCheckCounts =
    kLastProbe + 2 * kCheckWait;
// How often an upstream that is silent, or a loop, is asked for a name that
// tells loops.
inline constexpr std::chrono::milliseconds kLoopCheckPeriod{5'000};
// How often an upstream that is not preferred is measured again; more often if
// it lost queries.
inline constexpr std::chrono::milliseconds kMeasureAgain{10'000};
inline constexpr std::chrono::milliseconds kMeasureLossyAgain{1'000};

// How often expiry is looked at.
inline constexpr std::chrono::milliseconds kTick{50};
// A source port is replaced after this many queries, or at this age.
inline constexpr std::size_t kQuestionsPerPort = 256;
inline constexpr std::chrono::milliseconds kPortAge{10'000};

}  // namespace canopy
