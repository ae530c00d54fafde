#include "io/inflate.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <limits>

namespace hebb::io {

namespace {

// zlib counts in 32 bits.
uInt piece(std::size_t count) {
  return static_cast<uInt>(std::min<std::size_t>(count, std::numeric_limits<uInt>::max()));
}

}  // namespace

Inflater::Inflater(Bytes compressed, const std::string& name, Wrapping wrapping, std::uint64_t offset)
    : compressed_(compressed),
      name_(name),
      wrapping_(wrapping),
      offset_(offset),
      stream_(std::make_unique<z_stream_s>()) {
  constexpr int kGzip = 16;
  const int window = wrapping == Wrapping::gzip ? MAX_WBITS + kGzip : -MAX_WBITS;
  *stream_ = {};
  stream_->next_in = const_cast<Bytef*>(compressed_.data());  // zlib does not write to its input
  if (inflateInit2(stream_.get(), window) != Z_OK) throw std::bad_alloc();
}

Inflater::~Inflater() { inflateEnd(stream_.get()); }

std::uint64_t Inflater::position() const {
  return offset_ + static_cast<std::uint64_t>(stream_->next_in - compressed_.data());
}

std::size_t Inflater::read(std::uint8_t* to, std::size_t count) {
  std::size_t filled = 0;
  while (!ended_ && filled < count) {
    const uInt room = piece(count - filled);
    stream_->next_out = to + filled;
    stream_->avail_out = room;
    const bool more = advance();
    filled += room - stream_->avail_out;
    if (!more) end_of_member();
  }
  return filled;
}

bool Inflater::advance() {
  const std::size_t left =
      compressed_.size() - static_cast<std::size_t>(stream_->next_in - compressed_.data());
  stream_->avail_in = piece(left);
  const uInt given = stream_->avail_in;
  const uInt room = stream_->avail_out;
  switch (inflate(stream_.get(), Z_NO_FLUSH)) {
    case Z_STREAM_END: return false;
    case Z_MEM_ERROR: throw std::bad_alloc();
    case Z_OK:
    case Z_BUF_ERROR:
      if (stream_->avail_in < given || stream_->avail_out < room) return true;
      fail_at(name_, position(), "the compressed data end in the middle: the file was cut short");
    default:
      fail_at(name_, position(),
              fmt::format("the compressed data are damaged: {}",
                          stream_->msg == nullptr ? "not a deflate stream" : stream_->msg));
  }
}

void Inflater::end_of_member() {
  const Bytes rest = compressed_.subspan(static_cast<std::size_t>(stream_->next_in - compressed_.data()));
  if (wrapping_ == Wrapping::gzip && is_gzip(rest)) {
    inflateReset(stream_.get());
    return;
  }
  ended_ = true;
  const auto stray = std::find_if(rest.begin(), rest.end(), [](std::uint8_t byte) { return byte != 0; });
  if (wrapping_ == Wrapping::raw ? !rest.empty() : stray != rest.end()) {
    fail_at(name_, position(), fmt::format("{} unexpected bytes follow the compressed data", rest.size()));
  }
}

}  // namespace hebb::io
