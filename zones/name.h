// Domain names in uncompressed wire form (RFC 1035 3.1): at most 255 octets,
// labels of at most 63.  Names compare and hash without regard to the case of
// ASCII letters (RFC 4343) and keep the case they were made with.
//
// A Name owns its octets inline and never allocates; a NameView borrows them.
// Both are plain values: any thread may use its own.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace canopy {

inline constexpr std::size_t kMaxNameSize = 255;
inline constexpr std::size_t kMaxLabels = 127;

// The octet's lower-case form if it is an ASCII capital.
constexpr std::uint8_t fold(std::uint8_t octet) {
  return octet >= 'A' && octet <= 'Z' ? octet | 0x20 : octet;
}

bool equal_folded(std::string_view a, std::string_view b);

// The labels of a name from left to right, without the root.  Borrows it.
class Labels {
 public:
  explicit Labels(const std::uint8_t* wire) : wire_(wire) {
    for (std::size_t at = 0; wire[at] != 0; at += 1 + wire[at]) {
      offsets_[count_++] = static_cast<std::uint8_t>(at);
    }
  }

  std::size_t size() const { return count_; }
  // Offset of label i's length octet from the start of the name.
  std::size_t offset(std::size_t i) const { return offsets_[i]; }
  std::string_view operator[](std::size_t i) const {
    const std::uint8_t* label = wire_ + offsets_[i];
    return {reinterpret_cast<const char*>(label + 1), *label};
  }

 private:
  const std::uint8_t* wire_;
  std::array<std::uint8_t, kMaxLabels> offsets_;
  std::size_t count_ = 0;
};

// A borrowed name.  The octets must outlive the view.
class NameView {
 public:
  // REQUIRES: `wire` starts with a valid uncompressed name.
  explicit NameView(const std::uint8_t* wire);
  constexpr NameView(const std::uint8_t* wire, std::size_t size)
      : wire_(wire), size_(size) {}

  std::span<const std::uint8_t> wire() const { return {wire_, size_}; }
  const std::uint8_t* data() const { return wire_; }
  std::size_t size() const { return size_; }
  bool is_root() const { return size_ == 1; }

  Labels labels() const { return Labels(wire_); }
  std::size_t label_count() const;
  // Also true when both names are equal.
  bool is_subdomain_of(NameView ancestor) const;
  // The name without its leftmost label.  REQUIRES: not the root.
  NameView parent() const;
  std::string_view first_label() const;

  // Presentation form (RFC 1035 5.1), fully qualified: "a.b." or ".".
  std::string to_text() const;

  friend bool operator==(NameView a, NameView b);

 private:
  const std::uint8_t* wire_;
  std::size_t size_;
};

class Name {
 public:
  Name() : size_(1) { wire_[0] = 0; }  // the root
  explicit Name(NameView view) : size_(static_cast<std::uint8_t>(view.size())) {
    std::memcpy(wire_.data(), view.data(), view.size());
  }
  Name(const Name& other) : Name(other.view()) {}
  Name& operator=(const Name& other) {
    size_ = other.size_;
    std::memmove(wire_.data(), other.wire_.data(), size_);
    return *this;
  }

  // Presentation form; the trailing dot may be missing.  Nothing when a label
  // is empty or too long, the name is too long, or an escape is malformed.
  static std::optional<Name> from_text(std::string_view text);
  // The uncompressed name at the start of `wire`; octets after the name are
  // ignored.
  static std::optional<Name> from_wire(std::span<const std::uint8_t> wire);

  // This name with `label` prepended; nothing when it does not fit.
  std::optional<Name> child(std::string_view label) const;

  NameView view() const { return {wire_.data(), size_}; }
  operator NameView() const { return view(); }
  std::span<const std::uint8_t> wire() const { return view().wire(); }
  std::size_t size() const { return size_; }
  std::string to_text() const { return view().to_text(); }

  // Appends a label on the right, before the root.  False when it does not fit
  // or the label is empty or longer than 63 octets.
  bool append(std::string_view label);
  bool append(NameView suffix);
  // REQUIRES: `labels` are complete labels in wire form, without the root.
  bool append_labels(std::span<const std::uint8_t> labels);

  friend bool operator==(const Name& a, const Name& b) {
    return a.view() == b.view();
  }

 private:
  std::array<std::uint8_t, kMaxNameSize> wire_;  // the first size_ are set
  std::uint8_t size_;
};

// A total order that ignores case: shorter names first.
std::strong_ordering order_folded(std::span<const std::uint8_t> a,
                                  std::span<const std::uint8_t> b);

// Copies the octets in lower case.
void fold_into(std::uint8_t* to, std::span<const std::uint8_t> octets);

// Hashes of octets: hash_folded() ignores case, hash_exact() does not.  With a
// secret seed, an attacker cannot construct many names that collide.
std::uint64_t hash_folded(std::span<const std::uint8_t> octets,
                          std::uint64_t seed);
std::uint64_t hash_exact(std::span<const std::uint8_t> octets,
                         std::uint64_t seed);

}  // namespace canopy
