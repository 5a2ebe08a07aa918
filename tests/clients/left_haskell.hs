{-# LANGUAGE CPP #-}
{-# LANGUAGE OverloadedStrings #-}

import Control.Exception (try)
import Control.Monad (replicateM, unless)
import qualified Data.ByteString.Char8 as Bytes
import Database.PostgreSQL.Simple
import System.Environment (setEnv)
import System.IO

use :: Connection -> IO String
use connection = either failed answer <$> try (query_ connection "select 42")
  where
    answer [Only n] = show (n :: Int)
    answer _ = "no answer"
    failed e = unwords (map (Bytes.unpack . Bytes.takeWhile (/= '\n')) [sqlState e, sqlErrorMsg e])

nextLine :: IO String
nextLine = isEOF >>= \end -> if end then return "" else getLine

main :: IO ()
main = do
  hSetBuffering stdout LineBuffering
  [idle, transaction, closed] <- replicateM 3 (connectPostgreSQL "")
  begin transaction
  close closed
  putStrLn ("open " ++ VERSION_postgresql_simple)

  tag <- nextLine
  unless (null tag) (setEnv "PQSWEEP_TAG" tag)
  putStrLn "changed"

  _ <- nextLine
  use idle >>= putStrLn . ("idle: " ++)
  use transaction >>= putStrLn . ("transaction: " ++)
