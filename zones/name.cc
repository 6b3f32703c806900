#include "zones/name.h"

namespace canopy {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101;

// fold() for eight octets at once.
std::uint64_t fold8(std::uint64_t octets) {
  const std::uint64_t heptets = octets & (0x7F * kOnes);
  const std::uint64_t above_z = heptets + (0x7F - 'Z') * kOnes;
  const std::uint64_t from_a = heptets + (0x80 - 'A') * kOnes;
  const std::uint64_t capital = ~octets & (0x80 * kOnes) & (from_a ^ above_z);
  return octets | (capital >> 2);
}

template <typename Word>
Word load(const std::uint8_t* from) {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

// Loads fewer than eight octets.  Middle octets may be included twice.
std::uint64_t load_few(const std::uint8_t* from, std::size_t size) {
  if (size >= 4) {
    return std::uint64_t{load<std::uint32_t>(from)} << 32 |
           load<std::uint32_t>(from + size - 4);
  }
  if (size == 0) return 0;
  return std::uint64_t{from[0]} << 16 | std::uint64_t{from[size / 2]} << 8 |
         from[size - 1];
}

// Splits `size` octets into words.  The last word may overlap the one before.
// Stops when `each` returns false.
template <typename Each>
bool for_each_word(std::size_t size, Each each) {
  if (size < 8) return each(std::size_t{0}, size);
  std::size_t at = 0;
  for (; at + 8 < size; at += 8) {
    if (!each(at, std::size_t{8})) return false;
  }
  return each(size - 8, std::size_t{8});
}

inline std::uint64_t word_at(const std::uint8_t* octets, std::size_t at,
                             std::size_t size) {
  return size == 8 ? load<std::uint64_t>(octets + at)
                   : load_few(octets + at, size);
}

inline std::uint64_t folded_word(const std::uint8_t* octets, std::size_t at,
                                 std::size_t size) {
  return fold8(word_at(octets, at, size));
}

bool equal_octets_folded(const std::uint8_t* a, const std::uint8_t* b,
                         std::size_t size) {
  return for_each_word(size, [=](std::size_t at, std::size_t count) {
    const std::uint64_t x = word_at(a, at, count);
    const std::uint64_t y = word_at(b, at, count);
    return x == y || fold8(x) == fold8(y);  // mostly the same case
  });
}

const std::uint8_t* octets(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

std::size_t wire_size(const std::uint8_t* wire) {
  std::size_t size = 0;
  while (wire[size] != 0) size += 1 + wire[size];
  return size + 1;
}

// Characters with a meaning in master files (RFC 1035 5.1) get a backslash.
void append_escaped(std::string& text, std::uint8_t octet) {
  if (octet <= 0x20 || octet >= 0x7F) {
    const char digits[] = {'\\', static_cast<char>('0' + octet / 100),
                           static_cast<char>('0' + octet / 10 % 10),
                           static_cast<char>('0' + octet % 10)};
    text.append(digits, sizeof digits);
    return;
  }
  if (std::string_view(".;\\()\"@$").find(static_cast<char>(octet)) !=
      std::string_view::npos) {
    text += '\\';
  }
  text += static_cast<char>(octet);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes one octet, escaped or not, from the front of `text`.
std::optional<char> take_octet(std::string_view& text) {
  char octet = text.front();
  text.remove_prefix(1);
  if (octet != '\\') return octet;
  if (text.empty()) return std::nullopt;
  if (!is_digit(text[0])) {
    octet = text.front();
    text.remove_prefix(1);
    return octet;
  }
  if (text.size() < 3 || !is_digit(text[1]) || !is_digit(text[2])) {
    return std::nullopt;
  }
  const int value =
      (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
  if (value > 255) return std::nullopt;
  text.remove_prefix(3);
  return static_cast<char>(value);
}

}  // namespace

bool equal_folded(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         equal_octets_folded(octets(a), octets(b), a.size());
}

namespace {

// Both halves of the product, XORed.  Without the multiplier, nobody can
// predict which output bits a difference in a word changes.
std::uint64_t folded_product(std::uint64_t a, std::uint64_t b) {
  __extension__ using Product = unsigned __int128;
  const Product product = static_cast<Product>(a) * b;
  return static_cast<std::uint64_t>(product) ^
         static_cast<std::uint64_t>(product >> 64);
}

// Hashes two words at a time.  The last two may overlap the words before.
template <typename Word>
std::uint64_t hash_words(std::size_t size, std::uint64_t seed, Word word) {
  constexpr std::uint64_t kMixed = 0x9E3779B97F4A7C15;
  const std::uint64_t secret = seed ^ kMixed;
  std::uint64_t hash = size * kMixed ^ seed;
  const auto add = [&](std::uint64_t one, std::uint64_t other) {
    hash = folded_product(one ^ secret, other ^ hash) + kMixed;
  };
  if (size < 8) {
    add(word(0, size), 0);
  } else {
    for (std::size_t at = 0; at + 16 < size; at += 16) {
      add(word(at, 8), word(at + 8, 8));
    }
    add(word(size < 16 ? 0 : size - 16, 8), word(size - 8, 8));
  }
  return folded_product(hash, secret | 1);
}

}  // namespace

std::uint64_t hash_folded(std::span<const std::uint8_t> octets,
                          std::uint64_t seed) {
  return hash_words(octets.size(), seed, [=](std::size_t at, std::size_t size) {
    return folded_word(octets.data(), at, size);
  });
}

std::uint64_t hash_exact(std::span<const std::uint8_t> octets,
                         std::uint64_t seed) {
  return hash_words(octets.size(), seed, [=](std::size_t at, std::size_t size) {
    return word_at(octets.data(), at, size);
  });
}

std::strong_ordering order_folded(std::span<const std::uint8_t> a,
                                  std::span<const std::uint8_t> b) {
  if (a.size() != b.size()) return a.size() <=> b.size();
  std::strong_ordering order = std::strong_ordering::equal;
  for_each_word(a.size(), [&](std::size_t at, std::size_t size) {
    order = folded_word(a.data(), at, size) <=> folded_word(b.data(), at, size);
    return order == 0;
  });
  return order;
}

// Folds sixteen octets at a time, in a vector register where the CPU has one.
// The last sixteen octets may overlap those before.
void fold_into(std::uint8_t* to, std::span<const std::uint8_t> octets) {
  using Lane [[gnu::vector_size(16)]] = std::uint8_t;
  constexpr std::size_t kLane = sizeof(Lane);
  if (octets.size() < kLane) {
    for (const std::uint8_t octet : octets) *to++ = fold(octet);
    return;
  }
  const auto fold_at = [&](std::size_t at) {
    auto lane = load<Lane>(octets.data() + at);
    const Lane from_a = lane - 'A';
    lane |= (from_a <= 'Z' - 'A') & 0x20;
    std::memcpy(to + at, &lane, kLane);
  };
  for (std::size_t at = 0; at + kLane < octets.size(); at += kLane) fold_at(at);
  fold_at(octets.size() - kLane);
}

NameView::NameView(const std::uint8_t* wire)
    : wire_(wire), size_(wire_size(wire)) {}

std::size_t NameView::label_count() const {
  std::size_t count = 0;
  for (const std::uint8_t* at = wire_; *at != 0; at += 1 + *at) ++count;
  return count;
}

bool NameView::is_subdomain_of(NameView ancestor) const {
  if (size_ < ancestor.size_) return false;
  const std::uint8_t* tail = wire_ + (size_ - ancestor.size_);
  if (!equal_octets_folded(tail, ancestor.wire_, ancestor.size_)) return false;
  // The octets match; the match must also start at a label.
  const std::uint8_t* at = wire_;
  while (at < tail) at += 1 + *at;
  return at == tail;
}

NameView NameView::parent() const {
  const std::size_t first = 1 + std::size_t{*wire_};
  return {wire_ + first, size_ - first};
}

std::string_view NameView::first_label() const {
  return {reinterpret_cast<const char*>(wire_ + 1), *wire_};
}

std::string NameView::to_text() const {
  if (is_root()) return ".";
  std::string text;
  for (const std::uint8_t* at = wire_; *at != 0; at += 1 + *at) {
    for (std::uint8_t i = 1; i <= *at; ++i) append_escaped(text, at[i]);
    text += '.';
  }
  return text;
}

bool operator==(NameView a, NameView b) {
  return a.size_ == b.size_ && equal_octets_folded(a.wire_, b.wire_, a.size_);
}

std::optional<Name> Name::from_text(std::string_view text) {
  Name name;
  if (text == ".") return name;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    std::array<char, 63> label;
    std::size_t size = 0;
    while (!text.empty() && text.front() != '.') {
      const std::optional<char> octet = take_octet(text);
      if (!octet || size == label.size()) return std::nullopt;
      label[size++] = *octet;
    }
    if (!name.append(std::string_view(label.data(), size))) return std::nullopt;
    if (!text.empty()) text.remove_prefix(1);  // the dot
  }
  return name;
}

std::optional<Name> Name::from_wire(std::span<const std::uint8_t> wire) {
  std::size_t size = 0;
  while (size < wire.size() && wire[size] != 0) {
    if (wire[size] > 63) return std::nullopt;
    size += 1 + wire[size];
    if (size >= kMaxNameSize) return std::nullopt;
  }
  if (size >= wire.size()) return std::nullopt;
  return Name(NameView(wire.data(), size + 1));
}

std::optional<Name> Name::child(std::string_view label) const {
  Name name;
  if (!name.append(label) || !name.append(view())) return std::nullopt;
  return name;
}

bool Name::append(std::string_view label) {
  if (label.empty() || label.size() > 63) return false;
  if (size_ + 1 + label.size() > kMaxNameSize) return false;
  wire_[size_ - 1] = static_cast<std::uint8_t>(label.size());
  std::memcpy(&wire_[size_], label.data(), label.size());
  size_ = static_cast<std::uint8_t>(size_ + 1 + label.size());
  wire_[size_ - 1] = 0;
  return true;
}

bool Name::append_labels(std::span<const std::uint8_t> labels) {
  if (size_ + labels.size() > kMaxNameSize) return false;
  std::memcpy(&wire_[size_ - 1], labels.data(), labels.size());
  size_ = static_cast<std::uint8_t>(size_ + labels.size());
  wire_[size_ - 1] = 0;
  return true;
}

bool Name::append(NameView suffix) {
  if (size_ - 1 + suffix.size() > kMaxNameSize) return false;
  std::memmove(&wire_[size_ - 1], suffix.data(), suffix.size());
  size_ = static_cast<std::uint8_t>(size_ - 1 + suffix.size());
  return true;
}

}  // namespace canopy
