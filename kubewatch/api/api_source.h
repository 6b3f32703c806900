// The API server as a source: one Reflector for each kind that the cluster
// watch needs.
//
// Threads: any one.  Each Reflector has its own thread, and one more thread
// checks the clock for all of them.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "kubewatch/access/credentials.h"
#include "kubewatch/api/reflector.h"
#include "kubewatch/cluster/cluster_watch.h"

namespace canopy::kube {

struct ApiSourceOptions {
  ReflectorTimes times;
  std::size_t page_size = 500;
};

class ApiSource {
 public:
  // `cluster` must outlive this.  Throws ConfigurationError.
  ApiSource(ClusterAccess access, ApiSourceOptions options,
            ClusterWatch& cluster);
  ~ApiSource();
  ApiSource(const ApiSource&) = delete;
  ApiSource& operator=(const ApiSource&) = delete;

  // Returns at once.  The server need not be reachable.
  void start();
  void stop();
  // Reads the credentials and lists all objects again.
  void reload();

 private:
  void look_at_clock();

  Credentials credentials_;
  std::vector<std::unique_ptr<Reflector>> reflectors_;
  std::mutex mutex_;  // guards stopping_
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread clock_;
};

}  // namespace canopy::kube
