import Identities
import Testing
