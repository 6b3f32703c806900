// The times of forwarding.  A client's resolver waits 5 seconds before it asks
// again.
#pragma once

#include <chrono>
#include <cstddef>

namespace canopy {

// After this long without an answer, the next upstream is asked too, or the
// only upstream again.  An answer to the earlier attempt still counts.  The
// wait depends on the upstream's usual time, within these bounds, and doubles
// each time all upstreams have been asked.
inline constexpr std::chrono::milliseconds kSoonestRetry{150};
inline constexpr std::chrono::milliseconds kLatestRetry{400};
// Attempts of one query at one upstream over UDP (RFC 9520 3.1).  One attempt
// over TCP follows, which a full buffer cannot lose.
inline constexpr int kMostAttempts = 3;
// Attempts over TCP for the rest of a truncated answer, or after the connection
// was closed, each on a new connection.
inline constexpr int kMostTcpAttempts = 2;
// After this long a client gets a stale answer if there is one (RFC 8767 5).
inline constexpr std::chrono::milliseconds kClientPatience{1'800};
// Limit for one fetch.  With two ticks added, the client has its answer within
// 4.0 s.
inline constexpr std::chrono::milliseconds kBudget{3'900};
// How long one attempt waits for its answer; longer than all times above.
inline constexpr std::chrono::milliseconds kPatience{4'100};
// EDNS or random case is left out for this long when an upstream does not
// support it.  Then one query tries it again.
inline constexpr std::chrono::milliseconds kLeaveOut{60'000};

// Clients may ask for dead names at a working upstream, so their failed queries
// only raise doubt.  A health check, which is a query of our own, then decides.
// An upstream is down when clients' queries failed, nothing was answered since,
// and this many checks in a row failed too.  So 1 s of silence is enough.
inline constexpr int kChecksToDown = 2;
// A check without an answer within this time has failed, and the next may be
// sent.  So each upstream and domain gets at most two checks a second.
inline constexpr std::chrono::milliseconds kCheckWait{500};
// Errors come at once.  An upstream is down after this many in a row without an
// answer, and one failed check.
inline constexpr int kFailuresToDown = 3;
// An upstream is also down when it refuses this many queries that other
// upstreams answer, and refuses its checks as well.  If it does not refuse its
// checks, the refusals must continue for this long.
inline constexpr std::chrono::milliseconds kRefusalsToDown{10'000};
// An upstream that drops health checks is up if it answered any query within
// this time.
inline constexpr std::chrono::milliseconds kAnswersCount{10'000};
// While an upstream is down, checks and copies of clients' queries find out
// whether it is back.  The time between them grows from kFirstProbe to
// kLastProbe.  No client waits for them.
inline constexpr std::chrono::milliseconds kFirstProbe{1'000};
inline constexpr std::chrono::milliseconds kLastProbe{10'000};
// After a failed check, an upstream that is down counts as silent for this
// long: until the next check has failed as well.
inline constexpr std::chrono::milliseconds kCheckCounts =
    kLastProbe + 2 * kCheckWait;
// How often a loop check is sent to an upstream that is silent or a loop.
inline constexpr std::chrono::milliseconds kLoopCheckPeriod{5'000};
// How often a slower upstream is measured again; more often if it lost queries.
inline constexpr std::chrono::milliseconds kMeasureAgain{10'000};
inline constexpr std::chrono::milliseconds kMeasureLossyAgain{1'000};

// The period of checks for expired attempts.
inline constexpr std::chrono::milliseconds kTick{50};
// A source port is replaced after this many queries, or at this age.  A
// connection is closed when it was not used for this long.
inline constexpr std::size_t kQuestionsPerPort = 256;
inline constexpr std::chrono::milliseconds kPortAge{10'000};

}  // namespace canopy
