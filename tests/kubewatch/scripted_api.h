// A small API server in this process: replies as a test tells it.
#pragma once

#include <httplib.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace canopy::kube {

class ScriptedApi {
 public:
  using Handler = httplib::Server::Handler;

  explicit ScriptedApi(std::unique_ptr<httplib::Server> server =
                           std::make_unique<httplib::Server>())
      : server_(std::move(server)) {
    server_->new_task_queue = [] { return new httplib::ThreadPool(16); };
    server_->set_tcp_nodelay(true);
    server_->set_keep_alive_timeout(1);
    port_ = server_->bind_to_any_port("127.0.0.1");
  }
  ~ScriptedApi() {
    finish_watches();
    server_->stop();
    if (thread_.joinable()) thread_.join();
  }
  ScriptedApi(const ScriptedApi&) = delete;
  ScriptedApi& operator=(const ScriptedApi&) = delete;

  int port() const { return port_; }
  httplib::Server& server() { return *server_; }

  void start() {
    thread_ = std::thread([this] { server_->listen_after_bind(); });
    while (!server_->is_running()) std::this_thread::yield();
  }

  // Text that every open watch gets, now and later ones from now on.
  void say(const std::string& line) {
    const std::lock_guard lock(mutex_);
    said_ += line + "\n";
    changed_.notify_all();
  }
  // Every open watch ends: cut, as if the server died, or in good order.
  void end_watches(bool cut) {
    const std::lock_guard lock(mutex_);
    ++generation_;
    cut_ = cut;
    said_.clear();
    changed_.notify_all();
  }
  void finish_watches() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    end_watches(true);
  }

  // Makes `reply` a watch that gets what say() says.
  void stream(httplib::Response& reply) {
    const int generation = [this] {
      const std::lock_guard lock(mutex_);
      ++watches_;
      changed_.notify_all();
      return generation_;
    }();
    auto sent = std::make_shared<std::size_t>(0);
    reply.set_chunked_content_provider(
        "application/json",
        [this, sent, generation](std::size_t, httplib::DataSink& sink) {
          std::unique_lock lock(mutex_);
          changed_.wait(lock, [&] {
            return closed_ || generation_ != generation || said_.size() > *sent;
          });
          if (closed_) return false;
          if (generation_ != generation) {
            if (cut_) return false;
            sink.done();
            return true;
          }
          const std::string text = said_.substr(*sent);
          *sent = said_.size();
          lock.unlock();
          return sink.write(text.data(), text.size());
        });
  }
  int watches() {
    const std::lock_guard lock(mutex_);
    return watches_;
  }

 private:
  std::unique_ptr<httplib::Server> server_;
  int port_ = 0;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string said_;
  int generation_ = 0;
  int watches_ = 0;
  bool cut_ = false;
  bool closed_ = false;
};

}  // namespace canopy::kube
