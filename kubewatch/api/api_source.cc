#include "kubewatch/api/api_source.h"

#include <random>
#include <utility>

#include "healthz/guarded.h"
#include "healthz/log.h"

namespace canopy::kube {

namespace {

double random_fraction() {
  thread_local std::mt19937_64 generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

}  // namespace

ApiSource::ApiSource(ClusterAccess access, ApiSourceOptions options,
                     ClusterWatch& cluster)
    : credentials_(std::move(access)) {
  for (const ObjectKind kind : cluster.watched_kinds()) {
    reflectors_.push_back(std::make_unique<Reflector>(
        ReflectorOptions{.kind = kind,
                         .page_size = options.page_size,
                         .times = options.times,
                         .random = random_fraction},
        credentials_, cluster));
  }
}

ApiSource::~ApiSource() { stop(); }

void ApiSource::start() {
  const ClusterAccess& access = credentials_.access();
  log_info("API server {}{}", access.server.url(),
           access.insecure ? ", its certificate is not verified" : "");
  for (const auto& reflector : reflectors_) reflector->start();
  clock_ = std::thread([this] { look_at_clock(); });
}

void ApiSource::look_at_clock() {
  constexpr std::chrono::seconds kPeriod{1};
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kPeriod, [&] { return stopping_; })) {
    guarded("api-clock", [this] {
      for (const auto& reflector : reflectors_) reflector->look_at_clock();
    });
  }
}

void ApiSource::stop() {
  credentials_.stop();
  for (const auto& reflector : reflectors_) reflector->begin_stop();
  for (const auto& reflector : reflectors_) reflector->stop();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  if (clock_.joinable()) clock_.join();
}

void ApiSource::reload() {
  credentials_.refused();
  for (const auto& reflector : reflectors_) reflector->reload();
}

}  // namespace canopy::kube
