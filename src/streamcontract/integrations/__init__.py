"""Other libraries and streamcontract together; each module alone imports the library it is for."""
