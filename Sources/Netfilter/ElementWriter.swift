import CNetfilter
import Firewall
import Glibc
import Wire

extension MessageBody {
    /// Appends elements whose keys are MACs, until their list has so many octets.
    ///
    /// Each is NFTA_LIST_ELEM { NFTA_SET_ELEM_KEY { NFTA_DATA_VALUE }, NFTA_SET_ELEM_USERDATA }
    /// (linux/netfilter/nf_tables.h), with nft's own note of a comment as userdata.
    ///
    /// - Returns: how many were written; at least one when there is any.
    mutating func putMACs(_ elements: ArraySlice<SetElement>, octets limit: Int) -> Int {
        let header = 4
        let valueLength = header + 6
        let keyLength = header + valueLength.aligned
        let start = unsafe UnsafeMutableRawPointer(message) + Int(message.pointee.nlmsg_len)
        var offset = 0
        var count = 0
        for element in elements {
            guard case .mac(let mac) = element.key else { break }
            var comment = element.comment ?? ""
            // Type and length before the text, a zero behind it.
            let noteLength = element.comment == nil ? 0 : header + 2 + comment.utf8.count + 1
            let length = header + keyLength + noteLength.aligned
            if offset + length > limit { break }
            let place = unsafe start + offset
            func putHeader(_ position: Int, length: Int, type: UInt32) {
                unsafe place.storeBytes(
                    of: UInt16(length), toByteOffset: position, as: UInt16.self)
                unsafe place.storeBytes(
                    of: UInt16(type), toByteOffset: position + 2, as: UInt16.self)
            }
            putHeader(0, length: length, type: NFTA_LIST_ELEM.rawValue | UInt32(NLA_F_NESTED))
            putHeader(
                header, length: keyLength,
                type: NFTA_SET_ELEM_KEY.rawValue | UInt32(NLA_F_NESTED))
            putHeader(2 * header, length: valueLength, type: NFTA_DATA_VALUE.rawValue)
            // Six octets and the two that fill the attribute up.
            unsafe place.storeBytes(
                of: (mac.value << 16).bigEndian, toByteOffset: 3 * header, as: UInt64.self)
            if noteLength > 0 {
                let note = header + keyLength
                // The zero behind the text, and those that fill up.
                unsafe place.storeBytes(
                    of: 0, toByteOffset: note + noteLength.aligned - 4, as: UInt32.self)
                putHeader(note, length: noteLength, type: NFTA_SET_ELEM_USERDATA.rawValue)
                unsafe place.storeBytes(
                    of: UInt8(NFTNL_UDATA_SET_ELEM_COMMENT.rawValue),
                    toByteOffset: note + header, as: UInt8.self)
                unsafe place.storeBytes(
                    of: UInt8(comment.utf8.count + 1), toByteOffset: note + header + 1,
                    as: UInt8.self)
                comment.withUTF8 { text in
                    if let base = text.baseAddress {
                        unsafe memcpy(place + note + header + 2, base, text.count)
                    }
                }
            }
            offset += length
            count += 1
        }
        unsafe message.pointee.nlmsg_len += UInt32(offset)
        return count
    }
}
