#include "kubewatch/api/list_progress.h"

#include <doctest/doctest.h>

#include <functional>
#include <string>

using namespace canopy::kube;

namespace {

// Pages until it stops, each of `items`, with the token that `token` makes.
std::size_t pages(ListProgress& progress, std::size_t items,
                  const std::function<std::string(std::size_t)>& token,
                  std::size_t most = 20'000) {
  for (std::size_t page = 1; page <= most; ++page) {
    for (std::size_t i = 0; i < items; ++i) {
      if (!progress.take_object()) return page;
    }
    ListEnvelope envelope;
    envelope.continue_token = token(page);
    if (!progress.take_page(envelope)) return page;
  }
  return most;
}

std::string number(std::size_t page) { return std::to_string(page); }

}  // namespace

TEST_CASE("a large cluster's list comes to its end") {
  ListProgress progress;
  CHECK(pages(progress, 500, number, 5000) == 5000);
  CHECK(progress.objects() == 2'500'000);
  CHECK(progress.take_page({}));
  CHECK(progress.why().empty());
}

TEST_CASE("some pages may be without items") {
  ListProgress progress;
  CHECK(pages(progress, 0, number, 10) == 10);
  CHECK(progress.empty_pages() == 10);
  CHECK(pages(
            progress, 1, [](auto page) { return "a" + number(page); }, 10) ==
        10);
  CHECK(progress.empty_pages() == 0);
  CHECK(progress.why().empty());
}

TEST_CASE("a list that does not come to an end is given up, and why") {
  ListProgress empty, same, round, endless, heavy, large;
  CHECK(pages(empty, 0, number) == ListProgress::kMaxEmptyPages + 1);
  CHECK(empty.why() == "more than 16 pages in a row without items");
  CHECK(pages(same, 1, [](auto) { return "a"; }) == 2);
  CHECK(same.why() == "a continue token comes a second time");
  // From page 100 on, a circle of 7.
  CHECK(pages(round, 1, [](std::size_t page) {
          return number(page < 100 ? page : 100 + page % 7);
        }) < 300);
  CHECK(round.why() == "a continue token comes a second time");
  CHECK(pages(endless, 1, number) == ListProgress::kMaxPages);
  CHECK(endless.why() == "more than 10000 pages");
  CHECK(pages(heavy, 100'000, number) == 51);
  CHECK(heavy.why() == "more than 5000000 objects");
  CHECK(pages(large, 1, [](auto) { return std::string(9000, 'a'); }) == 1);
  CHECK(large.why() == "a continue token of more than 8 KiB");
}
